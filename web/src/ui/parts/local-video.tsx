/** The own picture, mirrored as people know themselves, or what stands in for it. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { useActions, useAppState } from '../context';
import { Avatar } from './avatar';
import { showStream } from './media';

export function LocalVideo({ testid, label }: { testid: string; label: string }) {
  const { devices, name } = useAppState();
  const actions = useActions();
  const video = useRef<HTMLVideoElement>(null);
  const version = devices.streamVersion;
  // By streamVersion: it says when localStream() is another one.
  useLayoutEffect(() => {
    return video.current ? showStream(video.current, actions.localStream(), true) : undefined;
  }, [version]);
  const on = devices.video.status === 'on';
  return (
    <>
      <video
        ref={video}
        class="mirrored"
        data-testid={testid}
        aria-label={label}
        hidden={!on}
        muted
        autoplay
        playsInline
      />
      {!on && <Avatar name={name} />}
    </>
  );
}
