/** At the door: the host has been asked. */
import { useActions, useAppState } from './context';
import { DeviceToggle } from './parts/device-toggle';
import { LocalVideo } from './parts/local-video';
import { Page } from './parts/page';
import { text } from './text';
import { roomText } from './text-room';

/** Whether the host of a lasting room is there, nobody says: it is told so that it holds either way. */
function wordsFor(readmission: boolean, lasting: boolean, room: string): { title: string; body: string } {
  if (readmission) return text.waiting.again;
  const { title, body } = roomText.waiting;
  return lasting ? { title, body: body(room) } : text.waiting;
}

export function Waiting() {
  const { name, readmission, lasting, roomName } = useAppState();
  const words = wordsFor(readmission, lasting, roomName);
  const actions = useActions();
  return (
    <Page name="waiting" testid="waiting">
      <div class="waiting">
        <div class="waiting-rings" aria-hidden="true">
          <span />
          <span />
        </div>
        <div class="preview preview-small">
          <LocalVideo testid="local-video" label={text.prejoin.preview} />
          <div class="preview-tools">
            <DeviceToggle kind="audio" shortcut="m" />
            <DeviceToggle kind="video" shortcut="v" />
          </div>
        </div>
        <h1 tabIndex={-1}>{words.title}</h1>
        <p class="waiting-body" role="status">
          {words.body}
        </p>
        <p class="waiting-note">
          {name !== '' && `${text.waiting.name(name)} `}
          {text.waiting.privacy}
        </p>
        <button type="button" class="button" data-testid="waiting-cancel" onClick={() => actions.leave()}>
          {text.waiting.cancel}
        </button>
      </div>
    </Page>
  );
}
