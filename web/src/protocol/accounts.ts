/** The requests of the account pages (docs/api.md); loaded with them. */
import { type Answer, type Api, type ApiFault, anything } from './api';
import { bool, type Checked, isRecord, list, object, optional, orNull, text } from './check';
import { type Account, accountCheck, moment } from './identity';

const id = text(256);
const MAX_LISTED = 256;

const sessionCheck = object({
  id,
  created: moment,
  seen: moment,
  client: text(256),
  address: text(64),
  current: bool,
});
export type SessionInfo = Checked<typeof sessionCheck>;

const passkeyCheck = object({ id, name: text(160), created: moment, used: optional(orNull(moment)) });
export type PasskeyInfo = Checked<typeof passkeyCheck>;

const tokenCheck = object({
  id,
  name: text(160),
  scopes: list(text(32), 16),
  created: moment,
  used: optional(orNull(moment)),
  expires: optional(orNull(moment)),
});
export type TokenInfo = Checked<typeof tokenCheck>;

const withAccount = object({ account: accountCheck });
const withEmail = object({ email: text(320) });
const codesCheck = object({ recovery_codes: list(text(64), 64) });
const totpCheck = object({ secret: text(128), ticket: text(256), uri: text(1024) });
export type Totp = Checked<typeof totpCheck>;

/** Checked only as far as we read it: the browser itself is strict about the rest. */
const optionsCheck = object({ publicKey: isRecord });
export type PasskeyOptions = Readonly<Record<string, unknown>>;

export type Scope = 'account:read' | 'rooms:read' | 'rooms:write' | 'admin';

/** undefined: it worked. */
export type Done = ApiFault | undefined;

const pick = <T, U>(answer: Answer<T>, of: (value: T) => U): Answer<U> =>
  answer.ok ? { ok: true, value: of(answer.value) } : answer;

const done = (answer: Answer<unknown>): Done => (answer.ok ? undefined : answer.fault);

const seg = encodeURIComponent;

export interface SignUp {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

/** What an authenticator has answered, in base64url (passkey.ts). */
export interface PasskeyProof {
  readonly id: string;
  readonly client_data: string;
  readonly authenticator_data: string;
  readonly signature: string;
  readonly user_handle?: string;
}

export interface PasskeyMade {
  readonly id: string;
  readonly client_data: string;
  readonly attestation_object: string;
}

export class AccountApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async #post(path: string, body: object | undefined): Promise<Done> {
    return done(await this.#api.post(path, body, anything));
  }

  async #delete(path: string, body?: object): Promise<Done> {
    return done(await this.#api.delete(path, body));
  }

  // Signing up and in.

  signUp(form: SignUp, more: { language?: string; invite?: string }): Promise<Done> {
    return this.#post('/signup', { ...form, ...more });
  }

  async confirm(token: string, password: string): Promise<Answer<Account>> {
    return pick(await this.#api.post('/confirm', { token, password }, withAccount), (v) => v.account);
  }

  async setUp(token: string, form: SignUp): Promise<Answer<Account>> {
    return pick(await this.#api.post('/setup', { token, ...form }, withAccount), (v) => v.account);
  }

  async signIn(email: string, password: string, code?: string): Promise<Answer<Account>> {
    const body = { email, password, ...(code === undefined ? {} : { code }) };
    return pick(await this.#api.post('/session', body, withAccount), (v) => v.account);
  }

  async passkeySignInOptions(): Promise<Answer<PasskeyOptions>> {
    return pick(
      await this.#api.post('/session/passkey/options', undefined, optionsCheck),
      (v) => v.publicKey,
    );
  }

  async passkeySignIn(proof: PasskeyProof): Promise<Answer<Account>> {
    return pick(await this.#api.post('/session/passkey', proof, withAccount), (v) => v.account);
  }

  forgot(email: string): Promise<Done> {
    return this.#post('/password/forgot', { email });
  }

  reset(token: string, password: string): Promise<Done> {
    return this.#post('/password/reset', { token, password });
  }

  async confirmEmail(token: string): Promise<Answer<string>> {
    return pick(await this.#api.post('/email/confirm', { token }, withEmail), (v) => v.email);
  }

  // The own account.

  async account(): Promise<Answer<Account>> {
    return pick(await this.#api.get('/account', withAccount), (v) => v.account);
  }

  async update(change: { name?: string; language?: string }): Promise<Answer<Account>> {
    return pick(await this.#api.patch('/account', change, withAccount), (v) => v.account);
  }

  remove(password: string): Promise<Done> {
    return this.#delete('/account', { password });
  }

  setPassword(old: string, next: string): Promise<Done> {
    return this.#post('/account/password', { old, new: next });
  }

  setEmail(email: string, password: string): Promise<Done> {
    return this.#post('/account/email', { email, password });
  }

  async sessions(): Promise<Answer<readonly SessionInfo[]>> {
    const check = object({ sessions: list(sessionCheck, MAX_LISTED) });
    return pick(await this.#api.get('/account/sessions', check), (v) => v.sessions);
  }

  endOtherSessions(): Promise<Done> {
    return this.#delete('/account/sessions');
  }

  endSession(session: string): Promise<Done> {
    return this.#delete(`/account/sessions/${seg(session)}`);
  }

  // The second factor.

  startTotp(password: string): Promise<Answer<Totp>> {
    return this.#api.post('/account/totp', { password }, totpCheck);
  }

  async confirmTotp(ticket: string, code: string): Promise<Answer<readonly string[]>> {
    const answer = await this.#api.post('/account/totp/confirm', { ticket, code }, codesCheck);
    return pick(answer, (v) => v.recovery_codes);
  }

  stopTotp(password: string): Promise<Done> {
    return this.#delete('/account/totp', { password });
  }

  async newRecoveryCodes(password: string): Promise<Answer<readonly string[]>> {
    const answer = await this.#api.post('/account/recovery-codes', { password }, codesCheck);
    return pick(answer, (v) => v.recovery_codes);
  }

  // Passkeys and tokens.

  async passkeys(): Promise<Answer<readonly PasskeyInfo[]>> {
    const check = object({ passkeys: list(passkeyCheck, MAX_LISTED) });
    return pick(await this.#api.get('/account/passkeys', check), (v) => v.passkeys);
  }

  async passkeyOptions(password: string): Promise<Answer<PasskeyOptions>> {
    const answer = await this.#api.post('/account/passkeys/options', { password }, optionsCheck);
    return pick(answer, (v) => v.publicKey);
  }

  addPasskey(name: string, made: PasskeyMade): Promise<Done> {
    return this.#post('/account/passkeys', { name, ...made });
  }

  removePasskey(passkey: string): Promise<Done> {
    return this.#delete(`/account/passkeys/${seg(passkey)}`);
  }

  async tokens(): Promise<Answer<readonly TokenInfo[]>> {
    const check = object({ tokens: list(tokenCheck, MAX_LISTED) });
    return pick(await this.#api.get('/account/tokens', check), (v) => v.tokens);
  }

  /** Gives the token, which nobody can show again. */
  async addToken(
    password: string,
    name: string,
    scopes: readonly Scope[],
    expiresDays?: number,
  ): Promise<Answer<string>> {
    const body = {
      password,
      name,
      scopes,
      ...(expiresDays === undefined ? {} : { expires_days: expiresDays }),
    };
    const answer = await this.#api.post('/account/tokens', body, object({ token: text(256) }));
    return pick(answer, (v) => v.token);
  }

  removeToken(token: string): Promise<Done> {
    return this.#delete(`/account/tokens/${seg(token)}`);
  }
}
