import { Injectable } from '@nestjs/common';
import { ProofStore } from './proof.store.ts';
import { SessionStore } from './session.store.ts';

/** The tables of sessions and proofs. */
@Injectable()
export class AccessStores {
  constructor(
    readonly sessions: SessionStore,
    readonly proofs: ProofStore,
  ) {}
}
