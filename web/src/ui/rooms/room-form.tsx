/** Making a room, and changing one. */
import type { Room, RoomForm as Values } from '../../state/rooms';
import type { ApiFault } from '../../state/types';
import { Field, Form, type FormValues, PasswordField, Problem, Submit, useForm } from '../parts/form';
import { roomsText as words } from '../text-rooms';

function Check({ name, label, on, testid }: { name: string; label: string; on: boolean; testid: string }) {
  return (
    <label class="check">
      <input type="checkbox" name={name} defaultChecked={on} data-testid={testid} />
      <span>{label}</span>
    </label>
  );
}

/** '' takes the password away; none in the answer leaves it as it is. */
function valuesOf(values: FormValues): Values {
  const password = values.raw('password');
  const form = { name: values.text('name'), knock: values.on('knock'), guests: values.on('guests') };
  if (password !== '') return { ...form, password };
  return values.on('no-password') ? { ...form, password: '' } : form;
}

export function RoomForm({
  room,
  send,
  onCancel,
}: {
  /** The one to change; without it, a new one. */
  room?: Room;
  send: (values: Values) => Promise<ApiFault | undefined>;
  onCancel: () => void;
}) {
  const form = useForm({
    words: { too_many_rooms: words.tooMany },
    check: (values): Record<string, string> =>
      values.text('name') === '' ? { name: words.nameMissing } : {},
    send: (values) => send(valuesOf(values)),
  });
  return (
    <Form form={form} testid="room-form">
      <Problem form={form} />
      <Field
        name="name"
        label={words.name}
        hint={words.nameHint}
        autocomplete="off"
        required
        maxLength={160}
        defaultValue={room?.name ?? ''}
        testid="room-name"
      />
      <fieldset class="choices">
        <legend class="label">{words.rules}</legend>
        <Check name="knock" label={words.knock} on={room?.knock ?? true} testid="room-knock" />
        <Check name="guests" label={words.guests} on={room?.guests ?? true} testid="room-guests" />
      </fieldset>
      <PasswordField
        name="password"
        label={room?.password ? words.passwordChange : words.password}
        hint={room?.password ? words.passwordChangeHint : words.passwordHint}
        autocomplete="off"
        maxLength={256}
        testid="room-password"
      />
      {room?.password && (
        <Check name="no-password" label={words.passwordDrop} on={false} testid="room-no-password" />
      )}
      <div class="form-buttons">
        <Submit form={form} testid="room-submit" busyText={room ? words.saving : words.making}>
          {room ? words.save : words.submit}
        </Submit>
        <button type="button" class="button button-plain" data-testid="room-cancel" onClick={onCancel}>
          {words.cancel}
        </button>
      </div>
    </Form>
  );
}
