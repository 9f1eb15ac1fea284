/** What a device signs with, as its enrolment proved (design 3, "Statements"). */
export type DeviceKind = 'secp256k1' | 'webauthn' | 'message' | 'psbt';
