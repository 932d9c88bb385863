/** What the connection to a peer is doing, in words. */
import type { PeerState } from '../../state/types';
import { text } from '../text';

/** Media may be flowing at this moment. */
export function mediaRuns(peer: PeerState): boolean {
  return peer.link === 'connected' || peer.link === 'unstable';
}

export function awayWords(peer: PeerState): string {
  return text.call.away(peer.name, mediaRuns(peer), peer.closing);
}

export function linkWords(peer: PeerState): string {
  return text.link[peer.link];
}
