/** The button that switches camera or microphone. */
import type { DeviceKind, DeviceState } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon, type IconName } from '../icons';
import { text } from '../text';

const icons: Record<DeviceKind, { on: IconName; off: IconName }> = {
  audio: { on: 'mic', off: 'micOff' },
  video: { on: 'cam', off: 'camOff' },
};

/** On, as the person sees it: asked for, and not failed. */
export function isOn(device: DeviceState): boolean {
  return device.wanted && device.status !== 'problem';
}

export function DeviceToggle({ kind, shortcut }: { kind: DeviceKind; shortcut: string }) {
  const device = useAppState().devices[kind];
  const actions = useActions();
  const on = isOn(device);
  const problem = device.status === 'problem';
  const hint = problem
    ? text.devices.problem(kind)
    : on
      ? text.devices.turnOff(kind)
      : text.devices.turnOn(kind);
  return (
    <button
      type="button"
      class="tool toggle"
      data-testid={`toggle-${kind}`}
      data-problem={problem ? '' : undefined}
      aria-pressed={on}
      aria-label={problem ? text.devices.problem(kind) : text.device[kind]}
      aria-keyshortcuts={shortcut}
      aria-busy={device.status === 'asking'}
      title={`${hint} (${shortcut})`}
      onClick={() => actions.setDevice(kind, !on)}
    >
      <Icon name={on ? icons[kind].on : icons[kind].off} />
      {problem && (
        <span class="tool-badge" aria-hidden="true">
          !
        </span>
      )}
    </button>
  );
}
