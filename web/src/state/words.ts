/** The texts that the state itself brings up. */

export const joined = (name: string): string => `${name} joined.`;
export const left = (name: string): string => `${name} left.`;
export const removed = (name: string): string => `${name} was removed.`;
export const hostNow = (name: string): string => `${name} is the host now.`;

export const HOST_NOW = 'You are the host now.';
export const LINK_COPIED = 'Link copied.';
export const LINK_NOT_COPIED = 'The link could not be copied. Copy it from the address bar.';
export const MICROPHONE_LOST = 'Your microphone stopped working.';
export const CAMERA_LOST = 'Your camera stopped working.';
export const ROOM_FULL = 'The room is full. Somebody has to leave first.';
export const GONE = 'They are no longer waiting.';
export const NOT_HERE = 'They are no longer in the call.';
export const NOT_HOST = 'Only the host can do that now.';
export const NOT_DONE = 'That did not work. Please try again.';

export const ACCOUNT_DELETED = 'Your account is deleted.';
export const SESSION_OVER = 'You are no longer signed in. Please sign in again.';
export const NOT_COPIED = 'That could not be copied. Mark it and copy it by hand.';
export const NOT_SIGNED_OUT = 'You could not be signed out. Check your connection and try again.';
export const NO_SUCH_CODE = 'This is no link or code of a call. A code has 20 letters and digits.';
export const ROOM_NOT_MADE = 'The call could not be started. Check your connection and try again.';
export const ADMINS_ONLY = 'Only administrators start calls here.';
export const SERVER_BUSY = 'The server is busy. Please try again in a moment.';

export const NAME_EMPTY = 'Please enter your name.';
export const NAME_LONG = 'This name is too long.';
export const NAME_CHARACTERS = 'This name has characters that cannot be shown.';
