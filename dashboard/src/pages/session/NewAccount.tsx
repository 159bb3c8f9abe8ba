import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { issueAt, otherIssue } from '../../api/issues';
import { sessionQuery, type Session } from '../../api/session';
import { Button } from '../../ui/Button';
import { TextField } from '../../ui/Field';
import { passwordProblem, passwordRule } from './password';

export interface Account {
  email: string;
  name: string;
  password: string;
}

/** Name and password of a new user, and the e-mail unless it is given. Who fills it in is signed in afterwards. */
export function NewAccount(props: { email?: string; action: string; create: (account: Account) => Promise<Session> }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [email, setEmail] = useState(props.email ?? '');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const create = useMutation({
    mutationFn: () => props.create({ email: email.trim(), name: name.trim(), password }),
    onSuccess: async (session) => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, session);
      await navigate({ to: '/app', replace: true });
    },
  });
  const weak = (tried ? passwordProblem(password) : undefined) ?? issueAt(create.error, 'password');
  const other = otherIssue(create.error, 'email', 'name', 'password');
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (passwordProblem(password)) event.currentTarget.querySelector<HTMLInputElement>('input[name="password"]')?.focus();
        else create.mutate();
      }}
    >
      {props.email === undefined ? (
        <TextField
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={setEmail}
          error={issueAt(create.error, 'email')}
        />
      ) : (
        <TextField label="E-mail" type="email" name="email" autoComplete="username" readOnly value={email} onChange={() => {}} />
      )}
      <TextField label="Name" name="name" autoComplete="name" required autoFocus={props.email !== undefined} value={name} onChange={setName} hint="Shown beside what you change." error={issueAt(create.error, 'name')} />
      <TextField
        label="Password"
        type="password"
        name="password"
        autoComplete="new-password"
        required
        value={password}
        onChange={setPassword}
        hint={weak ? undefined : passwordRule}
        error={weak}
      />
      {other && (
        <p role="alert" className="text-bad">
          {other}
        </p>
      )}
      <Button type="submit" look="primary" className="w-full" busy={create.isPending}>
        {props.action}
      </Button>
    </form>
  );
}
