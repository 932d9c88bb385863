/**
 * Passkeys: what the server asks for becomes what the browser wants (bytes for base64url, WebAuthn level 2 §5), and
 * the authenticator's answer goes back as text.
 */
import type { AccountApi, PasskeyMade, PasskeyOptions, PasskeyProof } from '../protocol/accounts';
import type { Answer, ApiFault } from '../protocol/api';
import { isRecord } from '../protocol/check';
import type { Account } from '../protocol/identity';

export type PasskeyOutcome<T> =
  | { readonly ok: true; readonly value: T }
  /** The person has closed the browser's window, or it gave up waiting. */
  | { readonly ok: false; readonly cancelled: true }
  | { readonly ok: false; readonly cancelled: false; readonly fault: ApiFault };

/** Why the browser did not do it, as codes of our own. */
const REFUSALS: Readonly<Record<string, string>> = {
  InvalidStateError: 'passkey_known',
  NotSupportedError: 'passkey_unsupported',
  SecurityError: 'passkey_wrong_site',
};

export function fromBase64url(text: string): ArrayBuffer {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}

export function toBase64url(buffer: ArrayBuffer): string {
  let binary = '';
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

const bytes = (value: unknown): ArrayBuffer => {
  if (typeof value !== 'string') throw new TypeError('no base64url text');
  return fromBase64url(value);
};

const withBytesId = (list: unknown): unknown[] =>
  Array.isArray(list) ? list.filter(isRecord).map((c) => ({ ...c, id: bytes(c.id) })) : [];

/** Throws TypeError where the server's options are of another form. */
export function requestOptions(options: PasskeyOptions): PublicKeyCredentialRequestOptions {
  return {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: withBytesId(options.allowCredentials),
  } as unknown as PublicKeyCredentialRequestOptions;
}

/** Throws TypeError where the server's options are of another form. */
export function creationOptions(options: PasskeyOptions): PublicKeyCredentialCreationOptions {
  if (!isRecord(options.user)) throw new TypeError('no user');
  return {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: withBytesId(options.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions;
}

export function proofOf(credential: PublicKeyCredential): PasskeyProof {
  const response = credential.response as AuthenticatorAssertionResponse;
  const proof = {
    id: toBase64url(credential.rawId),
    client_data: toBase64url(response.clientDataJSON),
    authenticator_data: toBase64url(response.authenticatorData),
    signature: toBase64url(response.signature),
  };
  const { userHandle } = response;
  return userHandle && userHandle.byteLength > 0 ? { ...proof, user_handle: toBase64url(userHandle) } : proof;
}

export function madeOf(credential: PublicKeyCredential): PasskeyMade {
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    id: toBase64url(credential.rawId),
    client_data: toBase64url(response.clientDataJSON),
    attestation_object: toBase64url(response.attestationObject),
  };
}

export const passkeysWork = (): boolean =>
  typeof PublicKeyCredential === 'function' && navigator.credentials !== undefined;

const failed = (fault: ApiFault): PasskeyOutcome<never> => ({ ok: false, cancelled: false, fault });

/** Ask the browser. @ask throws what navigator.credentials does. */
async function answerOf(ask: () => Promise<Credential | null>): Promise<PasskeyOutcome<PublicKeyCredential>> {
  try {
    const credential = await ask();
    if (credential) return { ok: true, value: credential as PublicKeyCredential };
    return { ok: false, cancelled: true };
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    // The browser does not tell "closed", "timed out" and "no passkey here" apart.
    if (name === 'NotAllowedError' || name === 'AbortError') return { ok: false, cancelled: true };
    return failed({ code: REFUSALS[name] ?? 'passkey_failed', status: 0, fields: {} });
  }
}

export async function signInWithPasskey(
  api: AccountApi,
  credentials: Pick<CredentialsContainer, 'get'>,
): Promise<PasskeyOutcome<Account>> {
  const options = await api.passkeySignInOptions();
  if (!options.ok) return failed(options.fault);
  const asked = await answerOf(async () => credentials.get({ publicKey: requestOptions(options.value) }));
  if (!asked.ok) return asked;
  const answer: Answer<Account> = await api.passkeySignIn(proofOf(asked.value));
  return answer.ok ? answer : failed(answer.fault);
}

export async function addPasskey(
  api: AccountApi,
  credentials: Pick<CredentialsContainer, 'create'>,
  { name, password }: { name: string; password: string },
): Promise<PasskeyOutcome<undefined>> {
  const options = await api.passkeyOptions(password);
  if (!options.ok) return failed(options.fault);
  const made = await answerOf(async () => credentials.create({ publicKey: creationOptions(options.value) }));
  if (!made.ok) return made;
  const fault = await api.addPasskey(name, madeOf(made.value));
  return fault ? failed(fault) : { ok: true, value: undefined };
}
