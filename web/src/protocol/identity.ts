/** Who is signed in, and what the service offers: what every page wants to know. */
import { type Answer, type Api, anything } from './api';
import { bool, type Check, type Checked, count, object, oneOf, orNull, text } from './check';

const id = text(64);
/** ISO 8601 in UTC. */
export const moment: Check<string> = (v): v is string =>
  typeof v === 'string' && v.length <= 40 && !Number.isNaN(Date.parse(v));

export const accountCheck = object({
  id,
  email: text(320),
  name: text(160),
  language: text(64),
  role: oneOf('admin', 'member'),
  created: moment,
  two_factor: bool,
  passkeys: count,
  recovery_codes: count,
  rooms: count,
});
export type Account = Checked<typeof accountCheck>;

const serviceCheck = object({
  rooms: object({ create: oneOf('anyone', 'members', 'admins') }),
  accounts: object({ signup: oneOf('open', 'invite', 'closed'), password_min: count, passkeys: bool }),
});
export type ServiceInfo = Checked<typeof serviceCheck>;

const session = object({ account: orNull(accountCheck) });

export async function whoIsSignedIn(api: Api): Promise<Answer<Account | null>> {
  const answer = await api.get('/session', session);
  return answer.ok ? { ok: true, value: answer.value.account } : answer;
}

export const serviceInfo = (api: Api): Promise<Answer<ServiceInfo>> => api.get('/info', serviceCheck);

export const signOut = (api: Api): Promise<Answer<unknown>> =>
  api.call('DELETE', '/session', undefined, anything);
