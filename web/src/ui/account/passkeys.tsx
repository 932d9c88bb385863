/** Passkeys of the account. */
import { addPasskey, passkeysWork } from '../../state/accounts';
import { useActions, useAppState } from '../context';
import { Field, Form, Problem, Submit, useForm } from '../parts/form';
import { accountText } from '../text-account';
import { profileText } from '../text-profile';
import { checks, useAccounts } from './frame';
import {
  Act,
  Entry,
  LoadedList,
  OwnPassword,
  ownPasswordFaults,
  Row,
  Section,
  useDates,
  useLoaded,
} from './section';

const words = profileText.passkeys;

function AddForm({ onMade }: { onMade: () => void }) {
  const accounts = useAccounts();
  const form = useForm({
    fieldOf: ownPasswordFaults.fieldOf,
    words: {
      ...accountText.passkeyFaults,
      ...ownPasswordFaults.words,
      passkey_cancelled: words.cancelled,
    },
    check: (values) => ({
      ...(values.text('name') === '' ? { name: words.nameMissing } : {}),
      ...checks(values, { password: 'password' }),
    }),
    send: async (values) => {
      const outcome = await addPasskey(accounts, navigator.credentials, {
        name: values.text('name'),
        password: values.raw('password'),
      });
      if (outcome.ok) onMade();
      else return outcome.cancelled ? { code: 'passkey_cancelled', status: 0, fields: {} } : outcome.fault;
      return undefined;
    },
  });
  return (
    <Form form={form} testid="passkey-form">
      <Problem form={form} />
      <Field
        name="name"
        label={words.name}
        hint={words.nameHint}
        autocomplete="off"
        maxLength={160}
        required
        testid="passkey-name"
      />
      <OwnPassword testid="passkey-password" />
      <Submit form={form} testid="passkey-submit" busyText={words.making}>
        {words.make}
      </Submit>
    </Form>
  );
}

export function Passkeys() {
  const actions = useActions();
  const accounts = useAccounts();
  const dates = useDates();
  const { account } = useAppState();
  const [loaded, reload] = useLoaded(() => accounts.passkeys());
  const changed = async (text: string, by: number) => {
    actions.say(text);
    if (account) actions.accountChanged({ ...account, passkeys: Math.max(0, account.passkeys + by) });
    await reload();
  };
  const remove = async (id: string) => {
    const fault = await accounts.removePasskey(id);
    if (fault && fault.status !== 404) return fault;
    await changed(words.removed, -1);
    return undefined;
  };
  return (
    <Section id="passkeys" title={words.title} lead={words.lead}>
      <LoadedList
        loaded={loaded}
        reload={reload}
        none={words.none}
        testid="passkeys"
        item={(passkey) => (
          <>
            <Entry icon="key" title={<bdi>{passkey.name}</bdi>}>
              {words.created(dates.day(passkey.created))}
              {passkey.used && ` · ${words.used(dates.time(passkey.used))}`}
            </Entry>
            <Act
              label={profileText.remove}
              name={`${profileText.remove}: ${passkey.name}`}
              sure={words.removeSure(passkey.name)}
              kind="button-warn"
              testid="passkey-remove"
              run={() => remove(passkey.id)}
            />
          </>
        )}
      />
      {passkeysWork() ? (
        <Row title={words.make} label={profileText.add} testid="passkey-add">
          {(close) => (
            <AddForm
              onMade={() => {
                close();
                void changed(words.made, 1);
              }}
            />
          )}
        </Row>
      ) : (
        <p class="part-none">{words.unsupported}</p>
      )}
    </Section>
  );
}
