/** The requests of the administration page (docs/api.md); loaded with it. */
import { type Answer, type Api, type ApiFault, anything } from './api';
import { bool, type Check, type Checked, count, list, object, oneOf, optional, orNull, text } from './check';
import { moment } from './identity';

const MAX_LISTED = 1000;

const role = oneOf('admin', 'member');
export type Role = Checked<typeof role>;

const userCheck = object({
  id: text(64),
  email: text(320),
  name: text(160),
  role,
  created: moment,
  disabled: bool,
  two_factor: bool,
  rooms: count,
  signed_in: optional(orNull(moment)), // the last time
});
export type User = Checked<typeof userCheck>;
const usersCheck = object({ users: list(userCheck, MAX_LISTED), next: optional(orNull(text(512))) });

const usedRoomCheck = object({
  id: text(32),
  name: optional(orNull(text(256))),
  owner: optional(orNull(text(320))),
  members: count,
  waiting: count,
  since: orNull(moment), // null: people wait, and nobody is in
});
export type UsedRoom = Checked<typeof usedRoomCheck>;

const plain: Check<string | boolean | number> = (v): v is string | boolean | number =>
  typeof v === 'boolean' || Number.isFinite(v) || text(1024)(v);
const settingCheck = object({
  name: text(64),
  value: plain,
  default: plain,
  kind: text(32),
  values: optional(list(text(64), 64)),
});
export type Setting = Checked<typeof settingCheck>;

const note = optional(orNull(text(1024)));
const eventCheck = object({
  id: text(64),
  at: moment,
  actor: note,
  action: text(64),
  target: note,
  detail: note,
  address: note,
});
export type AuditEvent = Checked<typeof eventCheck>;
const eventsCheck = object({ events: list(eventCheck, MAX_LISTED), next: optional(orNull(text(512))) });

/** One page of a long list; @next asks for the page behind it. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

const PAGE = 25;
const AUDIT_PAGE = 50;

const seg = encodeURIComponent;
const done = (answer: Answer<unknown>): ApiFault | undefined => (answer.ok ? undefined : answer.fault);

export class AdminApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async users(text: string, after?: string): Promise<Answer<Listed<User>>> {
    const query = `q=${seg(text)}&limit=${PAGE}${after === undefined ? '' : `&after=${seg(after)}`}`;
    const answer = await this.#api.get(`/admin/users?${query}`, usersCheck);
    if (!answer.ok) return answer;
    const { users, next } = answer.value;
    return { ok: true, value: { items: users, next: next || undefined } };
  }

  async invite(email: string, as: Role): Promise<ApiFault | undefined> {
    return done(await this.#api.post('/admin/users/invite', { email, role: as }, anything));
  }

  async change(user: string, change: { role?: Role; disabled?: boolean }): Promise<ApiFault | undefined> {
    return done(await this.#api.call('PATCH', `/admin/users/${seg(user)}`, change, anything));
  }

  async remove(user: string): Promise<ApiFault | undefined> {
    return done(await this.#api.call('DELETE', `/admin/users/${seg(user)}`, undefined, anything));
  }

  async signOut(user: string): Promise<ApiFault | undefined> {
    return done(await this.#api.post(`/admin/users/${seg(user)}/sign-out`, undefined, anything));
  }

  async rooms(): Promise<Answer<readonly UsedRoom[]>> {
    const answer = await this.#api.get('/admin/rooms', object({ rooms: list(usedRoomCheck, 100_000) }));
    return answer.ok ? { ok: true, value: answer.value.rooms } : answer;
  }

  async endCall(room: string): Promise<ApiFault | undefined> {
    return done(await this.#api.post(`/admin/rooms/${seg(room)}/end`, undefined, anything));
  }

  async settings(): Promise<Answer<readonly Setting[]>> {
    const answer = await this.#api.get('/admin/settings', object({ settings: list(settingCheck, 256) }));
    return answer.ok ? { ok: true, value: answer.value.settings } : answer;
  }

  async set(name: string, value: string | boolean): Promise<ApiFault | undefined> {
    return done(await this.#api.call('PATCH', '/admin/settings', { [name]: value }, anything));
  }

  async audit(before?: string): Promise<Answer<Listed<AuditEvent>>> {
    const query = `limit=${AUDIT_PAGE}${before === undefined ? '' : `&before=${seg(before)}`}`;
    const answer = await this.#api.get(`/admin/audit?${query}`, eventsCheck);
    if (!answer.ok) return answer;
    const { events, next } = answer.value;
    return { ok: true, value: { items: events, next: next || undefined } };
  }
}
