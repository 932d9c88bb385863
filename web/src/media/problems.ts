/** From the browser's exceptions to the few problems that people can do something about. */
import type { DeviceProblem } from './port';

const BY_NAME: Readonly<Record<string, DeviceProblem>> = {
  NotAllowedError: 'denied',
  PermissionDeniedError: 'denied',
  NotFoundError: 'none',
  DevicesNotFoundError: 'none',
  OverconstrainedError: 'none',
  NotReadableError: 'busy',
  TrackStartError: 'busy',
  AbortError: 'busy', // Firefox: the device was there but did not start
  SecurityError: 'insecure',
  TypeError: 'insecure', // getUserMedia in an insecure context
};

export function problemOf(error: unknown): DeviceProblem {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  return BY_NAME[name] ?? 'failed';
}

/** Why no device can be opened on this page at all, if so. */
export function pageProblem(scope: {
  readonly isSecureContext: boolean;
  readonly navigator: { readonly mediaDevices?: unknown };
  readonly RTCPeerConnection?: unknown;
}): DeviceProblem | undefined {
  if (!scope.isSecureContext) return 'insecure';
  if (!scope.navigator.mediaDevices || !scope.RTCPeerConnection) return 'unsupported';
  return undefined;
}
