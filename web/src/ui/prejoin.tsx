/** Look at oneself, choose devices and a name, and go in. Nothing here stands between a person and the call. */
import type { Devices } from '../state/types';
import { useAppState } from './context';
import { DoorClosed } from './door-closed';
import { JoinForm } from './join-form';
import { DeviceSelects } from './parts/device-selects';
import { DeviceToggle } from './parts/device-toggle';
import { LevelMeter } from './parts/level-meter';
import { LocalVideo } from './parts/local-video';
import { Page } from './parts/page';
import { Problems } from './parts/problems';
import { text } from './text';
import { roomText } from './text-room';

/** What the preview says while there is no picture. */
function previewWords({ audio, video }: Devices): string {
  if (audio.status === 'asking' && video.status === 'asking') return text.prejoin.askingBoth;
  if (video.status === 'asking') return text.prejoin.askingVideo;
  if (audio.status === 'asking') return text.prejoin.askingAudio;
  if (video.status === 'off') return video.wanted ? text.prejoin.cameraStarting : text.prejoin.cameraOff;
  return '';
}

function Preview() {
  const { devices } = useAppState();
  const words = previewWords(devices);
  return (
    <div class="preview">
      <LocalVideo testid="prejoin-preview" label={text.prejoin.preview} />
      <p class="preview-words" role="status">
        {words !== '' && <span>{words}</span>}
      </p>
      <div class="preview-tools">
        {devices.audio.status === 'on' && <LevelMeter testid="prejoin-level" />}
        <DeviceToggle kind="audio" shortcut="m" />
        <DeviceToggle kind="video" shortcut="v" />
      </div>
    </div>
  );
}

export function Prejoin() {
  const { room, roomName, owner, devices, door } = useAppState();
  const closed = door.state === 'members' || door.state === 'locked' || door.state === 'later';
  const broken = devices.audio.status === 'problem' || devices.video.status === 'problem';
  return (
    <Page name="prejoin">
      <div class="prejoin">
        <section class="prejoin-look">
          <Preview />
          <Problems />
          {broken && <p class="prejoin-note">{text.prejoin.withoutDevices}</p>}
        </section>
        <section class="prejoin-side">
          <h1 tabIndex={-1}>{roomName === '' ? text.prejoin.title : <bdi>{roomName}</bdi>}</h1>
          <p class="room-code" data-testid="prejoin-room">
            {owner ? roomText.door.yours : room !== '' && text.prejoin.room(room)}
          </p>
          {closed ? <DoorClosed /> : <JoinForm />}
          <DeviceSelects />
        </section>
      </div>
    </Page>
  );
}
