/** Choice of camera, microphone and, where the browser can, speaker: before the call and in it. */
import type { DeviceChoice } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon, type IconName } from '../icons';
import { text } from '../text';

interface SelectProps {
  testid: string;
  label: string;
  icon: IconName;
  choices: readonly DeviceChoice[];
  chosen: string;
  choose(deviceId: string): void;
}

function Select({ testid, label, icon, choices, chosen, choose }: SelectProps) {
  const known = choices.some((c) => c.deviceId === chosen);
  return (
    <label class="select">
      <span class="select-label">{label}</span>
      <span class="select-box">
        <Icon name={icon} size={20} />
        <select
          data-testid={testid}
          value={known ? chosen : ''}
          disabled={choices.length === 0}
          onChange={(e) => choose(e.currentTarget.value)}
        >
          {!known && (
            <option value="">{choices.length === 0 ? text.devices.noneYet : text.devices.byDefault}</option>
          )}
          {choices.map((c, i) => (
            <option key={c.deviceId} value={c.deviceId}>
              {c.label === '' ? text.devices.numbered(label, i + 1) : c.label}
            </option>
          ))}
        </select>
        <Icon name="chevron" size={18} />
      </span>
    </label>
  );
}

export function DeviceSelects() {
  const { devices } = useAppState();
  const actions = useActions();
  return (
    <div class="selects">
      <Select
        testid="select-camera"
        label={text.devices.camera}
        icon="cam"
        choices={devices.cameras}
        chosen={devices.video.deviceId}
        choose={(id) => actions.chooseDevice('video', id)}
      />
      <Select
        testid="select-microphone"
        label={text.devices.microphone}
        icon="mic"
        choices={devices.microphones}
        chosen={devices.audio.deviceId}
        choose={(id) => actions.chooseDevice('audio', id)}
      />
      {devices.speakers.length > 0 && (
        <Select
          testid="select-speaker"
          label={text.devices.speaker}
          icon="speaker"
          choices={devices.speakers}
          chosen={devices.speakerId}
          choose={(id) => actions.chooseDevice('speaker', id)}
        />
      )}
    </div>
  );
}
