/** The little that we read out of session descriptions. */

/**
 * Which RTCPeerConnection a description comes from. The session id in `o=` stays the same for the life of one
 * (RFC 8829 §5.2.1), so a new one tells that the other side has started over, whatever signalling said of it.
 */
export function sessionOf(sdp: string): string {
  const [, user = '', id = ''] = /^o=(\S+) (\S+) /m.exec(sdp) ?? [];
  return `${user} ${id}`;
}

/** The ICE generations that a description speaks of. */
export function fragmentsOf(sdp: string): ReadonlySet<string> {
  return new Set(Array.from(sdp.matchAll(/^a=ice-ufrag:(\S+)/gm), (found) => found[1] ?? ''));
}

export function sameFragments(a: string, b: string): boolean {
  const left = fragmentsOf(a);
  const right = fragmentsOf(b);
  return left.size === right.size && [...left].every((f) => right.has(f));
}
