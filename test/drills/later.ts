import type { LaterDrill } from './drill.ts';

const sentinel = 'the sentinel process';
const console = 'the web console';
const webauthn = 'passkeys and factors';
const response = 'case files and reports';

/** Drills that wait for a part of the product. Each moves to its group when that part stands, and never passes before. */
export const later: readonly LaterDrill[] = [
  {
    id: 14,
    name: 'a watched coin is spent without a receipt',
    attacker: 'C4',
    waitsFor: sentinel,
  },
  { id: 17, name: 'a served asset differs from the release', attacker: 'C3', waitsFor: console },
  {
    id: 18,
    name: 'a cookie or token is replayed elsewhere',
    attacker: 'C1',
    waitsFor: console,
  },
  {
    id: 19,
    name: 'every route that changes state, with a session alone',
    attacker: 'C1',
    waitsFor: webauthn,
  },
  {
    id: 20,
    name: 'a device is enrolled or a factor reset by a session',
    attacker: 'C1',
    waitsFor: webauthn,
  },
  { id: 21, name: 'WebAuthn: flags, origins, challenges', attacker: 'C9', waitsFor: webauthn },
  {
    id: 24,
    name: 'impossible travel, two fingerprints, a burst of failures',
    attacker: 'C1',
    waitsFor: console,
  },
  {
    id: 32,
    name: 'a freeze by one officer that the server drops',
    attacker: 'C4',
    waitsFor: sentinel,
  },
  {
    id: 38,
    name: 'one cell, row, file of an exported bundle is changed',
    attacker: 'C2',
    waitsFor: response,
  },
  {
    id: 39,
    name: 'a memo with CR/LF, ANSI, bidi marks, a formula',
    attacker: 'C5',
    waitsFor: response,
  },
  { id: 41, name: 'from alert to freeze to case file', attacker: 'C4', waitsFor: response },
  {
    id: 42,
    name: 'a freeze, a rejection, a withdrawal, a revocation is dropped; old and new documents mixed',
    attacker: 'C4',
    waitsFor: sentinel,
  },
  {
    id: 53,
    name: 'a journal deleted, cloned, rolled back together with a truncated log; two signers',
    attacker: 'C4',
    waitsFor: sentinel,
  },
];
