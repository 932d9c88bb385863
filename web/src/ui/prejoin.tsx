/** Look at oneself, choose devices and a name, and go in. Nothing here stands between a person and the call. */
import { useEffect, useId, useState } from 'preact/hooks';
import type { Devices } from '../state/types';
import { useActions, useAppState } from './context';
import { Icon } from './icons';
import { DeviceSelects } from './parts/device-selects';
import { DeviceToggle } from './parts/device-toggle';
import { LevelMeter } from './parts/level-meter';
import { LocalVideo } from './parts/local-video';
import { Page } from './parts/page';
import { Problems } from './parts/problems';
import { text } from './text';

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

function JoinForm() {
  const { name, nameError, joining } = useAppState();
  const actions = useActions();
  const [draft, setDraft] = useState(name); // as typed; the state may trim it
  const field = useId();
  const note = useId();
  useEffect(() => {
    if (nameError !== undefined) document.getElementById(field)?.focus();
  }, [nameError, field]);
  const input = (value: string) => {
    setDraft(value);
    actions.setName(value);
  };
  const submit = (e: Event) => {
    e.preventDefault();
    if (joining) return;
    actions.setName(draft); // a field filled in by the browser may not have said so
    actions.join();
  };
  return (
    <form class="join-form" onSubmit={submit} noValidate>
      <label class="label" for={field}>
        {text.prejoin.name}
      </label>
      <input
        id={field}
        class="field"
        data-testid="prejoin-name"
        type="text"
        name="name"
        autocomplete="name"
        autocapitalize="words"
        spellcheck={false}
        enterKeyHint="go"
        required
        maxLength={160}
        value={draft}
        aria-invalid={nameError !== undefined}
        aria-describedby={note}
        onInput={(e) => input(e.currentTarget.value)}
      />
      <p id={note} class={nameError === undefined ? 'field-note' : 'field-error'} aria-live="polite">
        {nameError ?? text.prejoin.nameHint}
      </p>
      <button
        type="submit"
        class="button button-main button-large"
        data-testid="prejoin-join"
        aria-disabled={joining}
      >
        {joining ? text.prejoin.joining : text.prejoin.join}
        {!joining && <Icon name="arrow" />}
      </button>
    </form>
  );
}

export function Prejoin() {
  const { room, devices } = useAppState();
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
          <h1 tabIndex={-1}>{text.prejoin.title}</h1>
          {room !== '' && <p class="room-code">{text.prejoin.room(room)}</p>}
          <JoinForm />
          <DeviceSelects />
        </section>
      </div>
    </Page>
  );
}
