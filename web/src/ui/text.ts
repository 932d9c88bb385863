/** Every English text of the interface, in the files beside this one so that it can be translated. Device problems are in problems.ts. */
import type { AccountPage, DeviceKind, LinkState, SignalState } from '../state/types';

const deviceNames: Record<DeviceKind, string> = { audio: 'Microphone', video: 'Camera' };

export const text = {
  app: 'Parley',
  close: 'Close',
  dismiss: 'Dismiss',
  copyLink: 'Copy link',
  share: 'Share',
  shareTitle: 'Join my call on Parley',
  you: 'You',
  host: 'Host',
  device: deviceNames,

  /** Titles of the window. */
  accountPages: {
    signin: 'Sign in',
    signup: 'Sign up',
    confirm: 'Confirm your address',
    forgot: 'Forgotten password',
    reset: 'A new password',
    email: 'Confirm your new address',
    invite: 'You are invited',
    setup: 'Set up',
    account: 'Your account',
    rooms: 'My rooms',
    admin: 'Administration',
  } satisfies Record<AccountPage, string>,
  lazy: {
    failed: 'This page could not be loaded. Check your connection and load it again.',
  },
  who: {
    signIn: 'Sign in',
    signUp: 'Sign up',
    signOut: 'Sign out',
    account: 'Your account',
    rooms: 'My rooms',
    admin: 'Administration',
    ways: 'Your account',
    menu: (name: string) => `Your account, ${name}`,
  },

  home: {
    pageTitle: 'Private video calls',
    title: 'Good to see you.',
    lead: 'Video calls that belong to the people in them. Start one, send the link, and talk.',
    start: 'Start a call',
    starting: 'Making a room…',
    or: 'or join one',
    codeLabel: 'Link or code',
    codePlaceholder: 'Paste a link or enter a code',
    open: 'Join',
    privacyTitle: 'How your call stays yours',
    privacy: [
      {
        icon: 'lock',
        title: 'Encrypted on the way',
        text: 'Picture and sound are encrypted in your browser before they leave it.',
      },
      {
        icon: 'door',
        title: 'You open the door',
        text: 'Newcomers knock. Nothing of your call reaches them before you let them in.',
      },
      {
        icon: 'leaf',
        title: 'Nothing is kept',
        text: 'No account needed, no recording, no tracking. An empty room disappears.',
      },
    ],
  },

  prejoin: {
    pageTitle: 'Ready to join?',
    title: 'Ready to join?',
    room: (room: string) => `Room ${room}`,
    preview: 'Your camera preview',
    cameraOff: 'Your camera is off',
    cameraStarting: 'Starting your camera…',
    askingAudio: 'Please allow the microphone when your browser asks.',
    askingVideo: 'Please allow the camera when your browser asks.',
    askingBoth: 'Please allow camera and microphone when your browser asks.',
    level: 'Microphone level',
    name: 'Your name',
    nameHint: 'The others in the call see it.',
    join: 'Join the call',
    joining: 'Joining…',
    withoutDevices: 'You can join without a camera or microphone and still see and hear the others.',
    back: 'Back to the start',
  },

  devices: {
    microphone: 'Microphone',
    camera: 'Camera',
    speaker: 'Speaker',
    byDefault: 'Default',
    numbered: (kind: string, n: number) => `${kind} ${n}`,
    noneYet: 'Nothing to choose from yet',
    turnOn: (kind: DeviceKind) => `Turn ${deviceNames[kind].toLowerCase()} on`,
    turnOff: (kind: DeviceKind) => `Turn ${deviceNames[kind].toLowerCase()} off`,
    problem: (kind: DeviceKind) => `${deviceNames[kind]}: there is a problem`,
    tryAgain: 'Try again',
  },

  waiting: {
    pageTitle: 'Waiting to be let in',
    title: 'The host has been asked',
    body: 'You will be in the call as soon as they let you in. Please stay on this page.',
    privacy: 'Until then, they see only your name.',
    again: {
      title: 'The host has been asked again',
      body: 'The server had to start anew, and somebody may have left the call since. You will be back in it as soon as the host lets you in.',
    },
    cancel: 'Cancel',
    name: (name: string) => `You are asking to join as ${name}.`,
  },

  call: {
    pageTitle: (others: readonly string[]) =>
      others.length === 0 ? 'In a call' : `In a call with ${others.join(', ')}`,
    knockTitle: (name: string) => `${name} is at the door`,
    title: 'Call',
    toolbar: 'Call controls',
    settings: 'Devices',
    people: 'People',
    leave: 'Leave',
    moveSelf: 'Your picture. Press to move it to another corner.',
    cameraOff: (name: string) => `${name}’s camera is off`,
    muted: 'Muted',
    youMuted: 'You are muted',
    hear: 'Click to hear the call',
    hearHint: 'Your browser waits for a click before it plays sound.',
    away: (name: string, mediaRuns: boolean, closing: boolean) => {
      if (closing) return `${name} is reloading or has left`;
      return mediaRuns
        ? `${name}’s signal is lost; the call goes on`
        : `${name} has lost the connection. Waiting for them to come back…`;
    },
  },

  alone: {
    title: 'You’re the only one here',
    body: 'Send this link to the person you want to talk to. The call begins when they open it.',
    knockOn: 'They knock first, and you let them in.',
    knockOff: 'Whoever has the link comes straight in.',
    linkLabel: 'Link to this call',
  },

  knock: {
    region: 'At the door',
    asks: (name: string) => `${name} wants to join`,
    wants: 'wants to join',
    more: (n: number) => `and ${n} more at the door`,
    admit: 'Let in',
    refuse: 'Not now',
    admitName: (name: string) => `Let ${name} in`,
    refuseName: (name: string) => `Do not let ${name} in`,
  },

  people: {
    title: 'People in the call',
    knock: 'Ask me before anybody joins',
    knockHint: 'Newcomers wait at the door until you let them in.',
    knockOnMember: 'Newcomers wait until the host lets them in.',
    knockOffMember: 'Whoever has the link comes straight in.',
    invite: 'Invite somebody',
    youName: (name: string) => (name === '' ? 'You' : `${name} (you)`),
    micOff: 'microphone off',
    cameraOff: 'camera off',
  },

  settings: { title: 'Camera and sound' },

  shortcuts: {
    title: 'Keyboard shortcuts',
    use: 'Use single-key shortcuts',
    rows: [
      ['M', 'Microphone on or off'],
      ['V', 'Camera on or off'],
      ['K', 'Go to the person at the door'],
      ['?', 'This list'],
      ['Ctrl Shift D', 'Connection details'],
    ] as const,
  },

  debug: {
    title: 'Connection details',
    timeline: 'Timeline',
    nothing: 'Nothing measured yet',
    ms: (ms: number) => `${Math.round(ms)} ms`,
  },

  notices: 'Notices',

  link: {
    new: 'Connecting…',
    connecting: 'Connecting…',
    connected: 'Connected',
    unstable: 'Connection unstable — reconnecting',
    restarting: 'Connection lost — finding a new way',
    failed: 'No connection yet — still trying',
  } satisfies Record<LinkState, string>,

  /** The way to our server: on other pages than the call, and in it, where the call itself goes on. */
  signal: {
    connecting: 'Reaching the server…',
    open: '',
    reconnecting: 'The server cannot be reached just now. Trying again…',
    replaced: '',
    signed_out: '',
    failed: 'The server cannot be reached. Check your connection and load the page again.',
  } satisfies Record<SignalState, string>,
  signalInCall: 'The server cannot be reached just now; your call goes on. Trying again…',
  reload: 'Load again',

  ended: {
    rejoin: 'Join again',
    home: 'Back to the start',
    newCall: 'Start a new call',
    signIn: 'Sign in',
  },
} as const;
