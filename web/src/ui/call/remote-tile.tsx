/**
 * Somebody else in the call. The <video> stays in place as long as they are here, also under the avatar: it is what
 * plays their sound.
 */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { PeerState } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { Avatar } from '../parts/avatar';
import { chooseSpeaker, keepFit, onFirstFrame, showStream } from '../parts/media';
import { text } from '../text';
import { awayWords, linkWords } from './link-words';

function PeerVideo({ peer }: { peer: PeerState }) {
  const { devices } = useAppState();
  const actions = useActions();
  const video = useRef<HTMLVideoElement>(null);
  const { participant, streamVersion } = peer;
  // By streamVersion: it says when peerStream() is another one.
  useLayoutEffect(() => {
    const el = video.current;
    if (!el) return undefined;
    const stopFrames = onFirstFrame(el, () => actions.frameShown(participant));
    const stopStream = showStream(el, actions.peerStream(participant), false);
    return () => {
      stopFrames();
      stopStream();
    };
  }, [participant, streamVersion]);
  useLayoutEffect(() => {
    if (video.current) chooseSpeaker(video.current, devices.speakerId);
  }, [devices.speakerId]);
  useLayoutEffect(() => {
    const tile = video.current?.parentElement;
    return video.current && tile ? keepFit(tile, video.current) : undefined;
  }, []);
  return (
    // biome-ignore lint/a11y/useMediaCaption: people talking now have no captions to go with them
    <video
      ref={video}
      data-testid="remote-video"
      data-participant={participant}
      aria-label={peer.name}
      autoplay
      playsInline
    />
  );
}

/** Always there for screen readers and tests; seen while there is something to say. */
function LinkLine({ peer }: { peer: PeerState }) {
  return (
    <div class="tile-status" role="status">
      <p
        class={peer.away ? 'pill visually-hidden' : 'pill'}
        data-testid="link-state"
        data-link={peer.link}
        key={peer.link}
      >
        {peer.link !== 'connected' && <span class="pulse" aria-hidden="true" />}
        {linkWords(peer)}
      </p>
      {peer.away && (
        <p class="pill pill-warn" data-testid="peer-away">
          <span class="pulse" aria-hidden="true" />
          {awayWords(peer)}
        </p>
      )}
    </div>
  );
}

export function RemoteTile({ peer }: { peer: PeerState }) {
  const covered = !peer.video || !peer.hasVideo;
  return (
    <section class="tile" data-covered={covered ? '' : undefined} aria-label={peer.name}>
      <PeerVideo peer={peer} />
      {covered && (
        <div class="tile-cover" data-testid={peer.video ? undefined : 'peer-camera-off'}>
          <Avatar name={peer.name} />
          {!peer.video && <p class="visually-hidden">{text.call.cameraOff(peer.name)}</p>}
        </div>
      )}
      <LinkLine peer={peer} />
      <p class="tile-name">
        {!peer.audio && (
          <span class="tile-muted" data-testid="peer-muted" title={text.call.muted}>
            <Icon name="micOff" size={18} />
            <span class="visually-hidden">{text.call.muted}: </span>
          </span>
        )}
        <bdi data-testid="peer-name">{peer.name}</bdi>
      </p>
    </section>
  );
}
