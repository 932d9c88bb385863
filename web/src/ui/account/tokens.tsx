/** API tokens: made, shown once, revoked. */
import { useId, useState } from 'preact/hooks';
import type { Scope } from '../../state/accounts';
import type { Account } from '../../state/types';
import { useActions } from '../context';
import { Field, Form, Problem, Submit, useForm } from '../parts/form';
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

const words = profileText.tokens;

const scopesOf = (account: Account): readonly Scope[] =>
  account.role === 'admin'
    ? ['account:read', 'rooms:read', 'rooms:write', 'admin']
    : ['account:read', 'rooms:read', 'rooms:write'];

const scopeName = (scope: string): string =>
  Object.hasOwn(words.scope, scope) ? words.scope[scope as Scope] : scope;

function Scopes({
  scopes,
  error,
  onChange,
}: {
  scopes: readonly Scope[];
  error: string | undefined;
  onChange: () => void;
}) {
  const note = useId();
  return (
    <fieldset class="choices" aria-describedby={note}>
      <legend class="label">{words.scopes}</legend>
      {scopes.map((scope, n) => (
        <label key={scope} class="check">
          <input
            type="checkbox"
            name="scopes"
            value={scope}
            data-testid={`token-scope-${scope}`}
            aria-invalid={n === 0 && error !== undefined}
            onChange={onChange}
          />
          {words.scope[scope]}
        </label>
      ))}
      <p id={note} class="field-error" aria-live="polite">
        {error}
      </p>
    </fieldset>
  );
}

function Expiry() {
  const id = useId();
  return (
    <div class="form-field">
      <div class="form-label">
        <label class="label" for={id}>
          {words.expires}
        </label>
      </div>
      <select id={id} name="days" class="field" data-testid="token-days">
        {words.days.map(([days, label]) => (
          <option key={days} value={days} selected={days === 90}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

function MakeForm({ account, onMade }: { account: Account; onMade: (token: string) => void }) {
  const accounts = useAccounts();
  const form = useForm({
    ...ownPasswordFaults,
    check: (values) => ({
      ...checks(values, { password: 'password' }),
      ...(values.text('name') === '' ? { name: words.nameMissing } : {}),
      ...(values.all('scopes').length === 0 ? { scopes: words.scopesMissing } : {}),
    }),
    send: async (values) => {
      const scopes = scopesOf(account).filter((scope) => values.all('scopes').includes(scope));
      const days = Number(values.raw('days'));
      const answer = await accounts.addToken(
        values.raw('password'),
        values.text('name'),
        scopes,
        days > 0 ? days : undefined,
      );
      if (!answer.ok) return answer.fault;
      onMade(answer.value);
      return undefined;
    },
  });
  return (
    <Form form={form} testid="token-form">
      <Problem form={form} />
      <Field
        name="name"
        label={words.name}
        hint={words.nameHint}
        autocomplete="off"
        maxLength={160}
        required
        testid="token-name"
      />
      <Scopes scopes={scopesOf(account)} error={form.errors.scopes} onChange={() => form.clear('scopes')} />
      <Expiry />
      <OwnPassword testid="token-password" />
      <Submit form={form} testid="token-submit" busyText={words.making}>
        {words.make}
      </Submit>
    </Form>
  );
}

function Made({ token, onDone }: { token: string; onDone: () => void }) {
  const actions = useActions();
  return (
    <div class="secret" data-testid="token-made">
      <h3 tabIndex={-1} ref={(el) => el?.focus()}>
        {words.madeTitle}
      </h3>
      <p>{words.made}</p>
      <p class="secret-key">
        <code data-testid="token">{token}</code>
      </p>
      <div class="form-buttons">
        <button
          type="button"
          class="button button-small button-main"
          data-testid="token-copy"
          onClick={() => actions.copy(token, words.copied)}
        >
          {words.copy}
        </button>
        <button type="button" class="button button-small" data-testid="token-done" onClick={onDone}>
          {words.done}
        </button>
      </div>
    </div>
  );
}

export function Tokens({ account }: { account: Account }) {
  const actions = useActions();
  const accounts = useAccounts();
  const dates = useDates();
  const [made, setMade] = useState('');
  const [loaded, reload] = useLoaded(() => accounts.tokens());
  const revoke = async (id: string) => {
    const fault = await accounts.removeToken(id);
    if (fault && fault.status !== 404) return fault;
    actions.say(words.revoked);
    await reload();
    return undefined;
  };
  return (
    <Section id="tokens" title={words.title} lead={words.lead}>
      <LoadedList
        loaded={loaded}
        reload={reload}
        none={words.none}
        testid="tokens"
        item={(token) => (
          <>
            <Entry icon="code" title={<bdi>{token.name}</bdi>}>
              {token.scopes.map(scopeName).join(', ')} ·{' '}
              {token.used ? words.used(dates.time(token.used)) : words.unused}
              {token.expires && ` · ${words.expiresOn(dates.day(token.expires))}`}
            </Entry>
            <Act
              label={words.revoke}
              name={`${words.revoke}: ${token.name}`}
              sure={words.revokeSure(token.name)}
              kind="button-warn"
              testid="token-revoke"
              run={() => revoke(token.id)}
            />
          </>
        )}
      />
      {made !== '' && <Made token={made} onDone={() => setMade('')} />}
      <Row title={words.make} label={profileText.add} testid="token-add">
        {(close) => (
          <MakeForm
            account={account}
            onMade={(token) => {
              close();
              setMade(token);
              void reload();
            }}
          />
        )}
      </Row>
    </Section>
  );
}
