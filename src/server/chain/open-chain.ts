import type { ServerConfig } from '../config.ts';
import type { UnitOfWork } from '../database/unit-of-work.ts';
import { Bitcoind } from './bitcoind.ts';
import type { ChainView } from './chain-view.ts';
import { Sandbox } from './sandbox.ts';

/** Token of the one {@link ChainView} of a process: an interface has no class to be injected by. */
export const CHAIN_VIEW = Symbol('ChainView');

/** The chain source that the configuration names. Which network it follows is not asked here: chain.service.ts. */
export async function openChain(
  { chain, network }: ServerConfig,
  work: UnitOfWork,
): Promise<ChainView> {
  if (chain.kind === 'sandbox') return Sandbox.open(work);
  const { url, cookieFile } = chain;
  return new Bitcoind({ network, url, ...(cookieFile === null ? {} : { cookieFile }) });
}
