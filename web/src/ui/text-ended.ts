/** Why a call is over, or could not begin, and what one can do. */
import type { EndReason } from '../state/types';

interface Words {
  readonly title: string;
  readonly body: string;
  /** The label of the way back in; '': there is none. */
  readonly rejoin: string;
}

export const endedText: Readonly<Record<EndReason, Words>> = {
  left: {
    title: 'You have left the call',
    body: 'The link keeps working as long as somebody is there.',
    rejoin: 'Join again',
  },
  refused: {
    title: 'You were not let in',
    body: 'The host chose not to let you in this time. If that was a mistake, ask them and knock again.',
    rejoin: 'Knock again',
  },
  'knock-timeout': {
    title: 'Nobody answered the door',
    body: 'The host may not have noticed. Send them a message, then knock again.',
    rejoin: 'Knock again',
  },
  'room-unknown': {
    title: 'There is no such call',
    body: 'The code may have a typing error, or the call is over: a room disappears when nobody is in it. Ask for a new link, or start a call yourself.',
    rejoin: '',
  },
  'room-full': {
    title: 'This call is full',
    body: 'Everybody it has room for is already in it. Try again when somebody has left.',
    rejoin: 'Try again',
  },
  'too-many-waiting': {
    title: 'Many people are at the door',
    body: 'The host has to answer some of them first. Try again in a little while.',
    rejoin: 'Try again',
  },
  'knocked-often': {
    title: 'You have knocked often',
    body: 'Give the host a moment, then try again.',
    rejoin: 'Try again',
  },
  replaced: {
    title: 'Your call is open somewhere else',
    body: 'It goes on in another tab or window of yours, so this one has stopped.',
    rejoin: 'Join here as well',
  },
  removed: {
    title: 'You were removed from the call',
    body: 'The host has taken you out. If that was a mistake, ask them; you can knock again in a moment.',
    rejoin: 'Knock again',
  },
  ended: {
    title: 'You have ended the call',
    body: 'It is over for everybody.',
    rejoin: '',
  },
  'ended-by-host': {
    title: 'The call is over',
    body: 'The host has ended it for everybody.',
    rejoin: '',
  },
  'ended-by-admin': {
    title: 'The call was ended',
    body: 'An administrator of this service has ended it for everybody.',
    rejoin: '',
  },
  'room-deleted': {
    title: 'This room is gone',
    body: 'Its owner has deleted it, and its link no longer leads anywhere.',
    rejoin: '',
  },
  'signed-out': {
    title: 'You have been signed out',
    body: 'Your sign-in has ended, here or somewhere else, and so you have left the call. Sign in to go on, or join as a guest.',
    rejoin: 'Join as a guest',
  },
  'server-full': {
    title: 'The server is full',
    body: 'More people are calling than it can serve. Try again in a few minutes.',
    rejoin: 'Try again',
  },
  error: {
    title: 'That did not work',
    body: 'Something went wrong on our side. Your camera and microphone are off. Please try again.',
    rejoin: 'Try again',
  },
};
