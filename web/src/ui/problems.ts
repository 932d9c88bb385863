/** What is wrong with a camera or microphone, and what the person can do about it, in plain words. */
import type { DeviceKind, DeviceProblem } from '../state/types';

export interface ProblemWords {
  readonly title: string;
  readonly help: string;
  /** Whether trying again may help without a reload of the page. */
  readonly retry: boolean;
}

const audio: Record<DeviceProblem, ProblemWords> = {
  denied: {
    title: 'Parley may not use your microphone',
    help: 'Click the icon left of the address, allow the microphone, and try again. If it is allowed there, look in your system’s privacy settings.',
    retry: true,
  },
  none: {
    title: 'No microphone found',
    help: 'Plug one in or switch your headset on, then try again. Without one you can still listen.',
    retry: true,
  },
  busy: {
    title: 'Your microphone is in use',
    help: 'Another program is using it. Close that program or end its call, then try again.',
    retry: true,
  },
  insecure: {
    title: 'The microphone needs a secure page',
    help: 'Browsers allow it only where the address begins with https://. Open this page with that, or ask whoever runs the server.',
    retry: false,
  },
  unsupported: {
    title: 'This browser cannot use your microphone',
    help: 'Open the link in a current Firefox, Chrome, Edge or Safari; not inside another app.',
    retry: false,
  },
  failed: {
    title: 'Your microphone did not start',
    help: 'Unplug it and plug it in again, or choose another one, then try again.',
    retry: true,
  },
};

const video: Record<DeviceProblem, ProblemWords> = {
  denied: {
    title: 'Parley may not use your camera',
    help: 'Click the icon left of the address, allow the camera, and try again. If it is allowed there, look in your system’s privacy settings.',
    retry: true,
  },
  none: {
    title: 'No camera found',
    help: 'Plug one in or open its shutter, then try again. Without one, the others see your initials.',
    retry: true,
  },
  busy: {
    title: 'Your camera is in use',
    help: 'Another program is using it. Close that program or end its call, then try again.',
    retry: true,
  },
  insecure: {
    title: 'The camera needs a secure page',
    help: 'Browsers allow it only where the address begins with https://. Open this page with that, or ask whoever runs the server.',
    retry: false,
  },
  unsupported: {
    title: 'This browser cannot use your camera',
    help: 'Open the link in a current Firefox, Chrome, Edge or Safari; not inside another app.',
    retry: false,
  },
  failed: {
    title: 'Your camera did not start',
    help: 'Unplug it and plug it in again, or choose another one, then try again.',
    retry: true,
  },
};

export function problemWords(kind: DeviceKind, problem: DeviceProblem): ProblemWords {
  return kind === 'audio' ? audio[problem] : video[problem];
}
