import { Injectable } from '@nestjs/common';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { sats, satsToJson } from '../../core/base/sats.ts';
import { formatTime } from '../../core/base/time.ts';
import { isGovernor, isIn } from '../../core/governance/charter.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import type { AddressRecord } from '../../core/log/addresses.ts';
import { addressesOf } from '../../core/log/addresses.ts';
import type { WalletRecord } from '../../core/log/state.ts';
import type { MemberCaller } from '../access/caller.ts';
import { LabelStore } from '../coins/label.store.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { readCursor } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import { AskingService } from './asking.service.ts';
import { DepositStore } from './deposit.store.ts';
import type {
  AddressesQuery,
  AddressesView,
  AskAddressBody,
  AskedView,
} from './deposits.schema.ts';

/** What people say of addresses, and what was paid to them. */
@Injectable()
export class AddressNotes {
  constructor(
    readonly work: UnitOfWork,
    readonly labels: LabelStore,
    readonly deposits: DepositStore,
  ) {}
}

/** Receive addresses for members. What counts is the signer's attestation; this server's word is good for nothing. */
@Injectable()
export class AddressesService {
  constructor(
    private readonly log: LogService,
    private readonly asking: AskingService,
    private readonly notes: AddressNotes,
  ) {}

  /**
   * Asks for the next unused address and labels it; the same request again gets the same one. Codes: `wallet.unknown`,
   * `member.role`, `wallet.frozen`, `wallet.unconfirmed`, `address.reach`, `address.exhausted`, `http.rate`, those of a chain that is not read.
   */
  async ask(id: string, body: AskAddressBody, caller: MemberCaller): Promise<Result<AskedView>> {
    const wallet = this.#wallet(id);
    if (!wallet.ok) return wallet;
    const allowed = this.#checkMember(id, caller);
    if (!allowed.ok) return allowed;
    const { member } = caller;
    const asked = await this.asking.ask({ wallet: id, member, request: body.request });
    if (!asked.ok) return asked;
    const address = wallet.value.wallet.address(0, asked.value.index);
    const { label } = body;
    if (label !== undefined)
      await this.notes.work.run((sql) =>
        this.notes.labels.put(sql, id, {
          ...{ type: 'addr', ref: address, label, member },
        }),
      );
    const [view] = await this.#views(wallet.value, [asked.value]);
    if (view === undefined) throw new Error('bug: one record has one view');
    const highestPaid = await this.notes.deposits.highestPaid(id);
    return ok({ wallet: id, ...view, highestPaid, gapLimit: wallet.value.body.gapLimit });
  }

  /** Codes: `wallet.unknown`, `cursor.invalid`. */
  async list(id: string, { cursor, limit }: AddressesQuery): Promise<Result<AddressesView>> {
    const wallet = this.#wallet(id);
    if (!wallet.ok) return wallet;
    const from = readCursor(cursor, 0);
    if (!from.ok) return from;
    const asked = [...addressesOf(this.log.state(), id).values()];
    const end = from.value + limit;
    const items = await this.#views(wallet.value, asked.slice(from.value, end));
    return ok({ items: [...items], next: end < asked.length ? String(end) : null });
  }

  async #views(
    { id, wallet }: WalletRecord,
    asked: readonly AddressRecord[],
  ): Promise<AddressesView['items']> {
    const indices = asked.map(({ index }) => index);
    const addresses = indices.map((index) => wallet.address(0, index));
    const labels = await this.notes.labels.of(id, addresses);
    const received = await this.notes.deposits.received(id, indices);
    return asked.map(({ index, entry, askedAt, request, attested }, at) => ({
      ...{ index, address: addresses[at] ?? '', entry, request },
      askedAt: formatTime(askedAt),
      attested: attested === null ? null : { ...attested, at: formatTime(attested.at) },
      label: labels.get(addresses[at] ?? '') ?? null,
      receivedSats: satsToJson(received.get(index)?.sats ?? sats(0n)),
      deposits: received.get(index)?.deposits ?? 0,
    }));
  }

  #wallet(id: string): Result<WalletRecord> {
    const wallet = this.log.state().wallets.get(id);
    return wallet === undefined ? refuse('wallet.unknown', { wallet: id }) : ok(wallet);
  }

  /** Who may propose or govern. */
  #checkMember(wallet: string, { member }: MemberCaller): Result<null> {
    const state = this.log.state();
    const charter = currentDocuments(state, wallet)?.charter.document.body;
    const author = state.members.get(member)?.member;
    if (charter === undefined) return refuse('wallet.unknown', { wallet });
    const mayAsk =
      author !== undefined && (isIn(author, charter.initiators) || isGovernor(charter, author));
    return mayAsk
      ? ok(null)
      : refuse('member.role', {
          member,
          needs: [...charter.initiators, charter.governance.group],
        });
  }
}
