/** What may be changed while the service runs. Each is saved by itself, as soon as it is chosen. */
import { useId, useState } from 'preact/hooks';
import type { Setting } from '../../state/administration';
import { Section, useLoaded } from '../account/section';
import { useActions } from '../context';
import { Loading } from '../parts/form';
import { adminText } from '../text-admin';
import { faultText } from '../text-forms';
import { Failed, useAdmin } from './frame';

const words = adminText.settings;

const YES = ['true', 'yes', 'on', '1'];

const isOn = (value: Setting['value']): boolean => value === true || YES.includes(String(value));

const isSwitch = ({ kind, values }: Setting): boolean => values === undefined && /^bool/.test(kind);

function nameOf(setting: Setting, value: Setting['value']): string {
  if (isSwitch(setting)) return isOn(value) ? words.on : words.off;
  const names = Object.hasOwn(words.values, setting.name) ? words.values[setting.name] : undefined;
  return names?.[String(value)] ?? String(value);
}

function One({ setting }: { setting: Setting }) {
  const admin = useAdmin();
  const actions = useActions();
  const [value, setValue] = useState(setting.value);
  const [problem, setProblem] = useState('');
  const id = useId();
  const note = useId();
  const title = words.names[setting.name] ?? setting.name;
  const save = async (next: string | boolean) => {
    const before = value;
    setValue(next);
    setProblem('');
    const fault = await admin.set(setting.name, next);
    if (fault) {
      setValue(before);
      setProblem(faultText(fault));
    } else actions.say(words.saved);
  };
  const common = { id, 'aria-describedby': note, 'data-testid': `setting-${setting.name}` };
  return (
    <div class="row setting">
      <div class="row-words">
        <label class="row-title" for={id}>
          {title}
        </label>
        <p id={note} class={problem === '' ? 'row-value' : 'field-error'} aria-live="polite">
          {problem === '' ? words.byDefault(nameOf(setting, setting.default)) : problem}
        </p>
      </div>
      {isSwitch(setting) ? (
        <label class="switch setting-switch" for={id}>
          <input
            {...common}
            type="checkbox"
            role="switch"
            checked={isOn(value)}
            aria-checked={isOn(value)}
            onChange={(e) => void save(e.currentTarget.checked)}
          />
        </label>
      ) : (
        <select {...common} class="field" onChange={(e) => void save(e.currentTarget.value)}>
          {(setting.values ?? [String(value)]).map((one) => (
            <option key={one} value={one} selected={one === String(value)}>
              {nameOf(setting, one)}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

export function Settings() {
  const admin = useAdmin();
  const [loaded, reload] = useLoaded(() => admin.settings());
  return (
    <Section id="settings" title={words.title} lead={words.lead}>
      {loaded.state === 'loading' && <Loading />}
      {loaded.state === 'failed' && <Failed fault={loaded.fault} again={() => void reload()} />}
      {loaded.state === 'there' && loaded.value.map((one) => <One key={one.name} setting={one} />)}
    </Section>
  );
}
