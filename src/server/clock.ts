import { Injectable } from '@nestjs/common';
import type { Seconds } from '../core/base/time.ts';

/** The time of the server. What it shows rests on it; the signer has its own. */
@Injectable()
export class Clock {
  now(): Seconds {
    return Math.floor(Date.now() / 1000);
  }
}
