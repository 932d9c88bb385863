/** The texts about a room's door, for those before it and those who keep it. */

export const roomText = {
  copied: 'Link copied.',

  home: {
    signInFirst: 'Sign in to start a call',
    members: 'Calls are started by people with an account here. With a link, anybody can join.',
    admins: 'Calls are started by administrators here. With a link, anybody can join.',
    rooms: 'Your rooms',
    all: 'All my rooms',
    join: (name: string) => `Join ${name}`,
  },

  door: {
    password: 'Password of the room',
    passwordHint: 'Whoever gave you the link knows it.',
    passwordMissing: 'Please enter the password of the room.',
    yours: 'This room is yours',
    faults: {
      bad_password: 'This is not the password of the room.',
    },
    members: {
      title: 'This room is for people with an account',
      body: 'Sign in, and you come back here.',
      action: 'Sign in',
    },
    locked: {
      title: 'This room is locked',
      body: 'Nobody else can join just now. Ask somebody who is in the call to unlock it.',
      action: 'Try again',
    },
    later: {
      title: 'Please wait a moment',
      body: '',
      action: 'Try again',
    },
    asking: 'Trying the door…',
    stillClosed: 'It is still locked.',
  },

  waiting: {
    title: 'Waiting for the host',
    body: (room: string) =>
      room === ''
        ? 'You will be in the call as soon as the host is there and lets you in. Please stay on this page.'
        : `You will be in “${room}” as soon as the host is there and lets you in. Please stay on this page.`,
  },

  people: {
    owner: 'Owner',
    manage: (name: string) => `Manage ${name}`,
    makeHost: 'Make host',
    remove: 'Remove',
    removeSure: (name: string) => `Remove ${name} from the call? They will have to knock to come back.`,
    cancel: 'Cancel',
    takeHost: 'Be the host again',
    takeHostHint: 'This room is yours. Somebody else is its host just now.',
    lock: 'Lock the room',
    lockHint: 'Nobody else comes in, not even by knocking.',
    locked: 'The room is locked: nobody else comes in.',
    lockedShort: 'Locked',
    lockedInvite: 'Unlock the room first, or they will stand before a locked door.',
    end: 'End the call for everybody',
    endSure: 'End the call for everybody?',
    endYes: 'End the call',
  },
} as const;
