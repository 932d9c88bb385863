/** Which page an address is. A room's address (/r/…) is protocol/room.ts's; everything else is home. */
import { roomOfPath } from '../protocol/room';
import type { AccountPage, Page } from './types';

const ACCOUNT: Readonly<Record<AccountPage, true>> = {
  signin: true,
  signup: true,
  confirm: true,
  forgot: true,
  reset: true,
  email: true,
  invite: true,
  setup: true,
  account: true,
  rooms: true,
  admin: true,
};

/** Mailed links: what they carry behind '#' is told to the page and to nobody else. */
const WITH_TOKEN: readonly AccountPage[] = ['confirm', 'reset', 'email', 'invite', 'setup'];

const TOKEN = /^#([\w-]{8,256})$/;

export function accountPageOf(path: string): AccountPage | undefined {
  const name = /^\/([a-z]+)\/?$/.exec(path)?.[1];
  return name !== undefined && Object.hasOwn(ACCOUNT, name) ? (name as AccountPage) : undefined;
}

export const wantsToken = (page: AccountPage): boolean => WITH_TOKEN.includes(page);

/** Pages of one's own: who is not signed in is asked to, and comes back. */
export const isOwn = (page: Page): boolean => page === 'account' || page === 'rooms' || page === 'admin';

/** What stands behind '#', '' if that is no token. */
export const tokenOf = (hash: string): string => TOKEN.exec(hash)?.[1] ?? '';

/** A place of ours that one may be sent to after signing in. */
export function isPlace(path: string): boolean {
  if (roomOfPath(path)) return true;
  const page = accountPageOf(path);
  return path === '/' || (page !== undefined && isOwn(page));
}
