import { Injectable } from '@nestjs/common';
import { ServerConfig } from '../config.ts';
import { TokenBuckets } from '../../core/base/token-buckets.ts';

/** How many times the rate may come at once. */
const BURST = 10;

/** So many requests a second for each address and each session key. */
@Injectable()
export class RateLimiter {
  readonly #buckets: TokenBuckets;

  constructor(config: ServerConfig) {
    this.#buckets = new TokenBuckets(config.ratePerSecond, config.ratePerSecond * BURST);
  }

  take(key: string): boolean {
    return this.#buckets.take(key, performance.now());
  }
}
