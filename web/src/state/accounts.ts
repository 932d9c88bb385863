/** What the account pages ask of the server, for `ui`, which does not see `protocol`. Loaded with these pages. */
export {
  AccountApi,
  type Done,
  type PasskeyInfo,
  type Scope,
  type SessionInfo,
  type SignUp,
  type TokenInfo,
  type Totp,
} from '../protocol/accounts';
export { Api } from '../protocol/api';
export { addPasskey, type PasskeyOutcome, passkeysWork, signInWithPasskey } from './passkey';
