import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/call';
import { configureQuery } from '../../api/settings';
import { useCan, useEnvironment } from '../../shell/environment';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { TextArea } from '../../ui/Field';
import { toast } from '../../ui/Toasts';
import { Remote } from './Remote';

/** Where the page on which end customers configure themselves may be shown. */
export default function CustomersPage() {
  const query = useQuery(configureQuery(useEnvironment()));
  return (
    <Remote query={query} what="configuration page's settings">
      {({ allowed_origins }) => <Origins key={allowed_origins.join()} given={allowed_origins} />}
    </Remote>
  );
}

function Origins({ given }: { given: readonly string[] }) {
  const environment = useEnvironment();
  const mayWrite = useCan()('environment:configure:write');
  const queries = useQueryClient();
  const [text, setText] = useState(given.join('\n'));
  const origins = text.split(/\s+/).filter(Boolean);
  const save = useMutation({
    mutationFn: () => call<{ allowed_origins: string[] }>('PATCH', '/environment/configure', { environment, body: { allowed_origins: origins } }),
    onSuccess: (settings) => {
      toast('The allowed origins are saved');
      queries.setQueryData(configureQuery(environment).queryKey, settings);
    },
  });
  const changed = origins.join() !== given.join();
  return (
    <Card title="Where it may be shown" hint="Your customers set their own mapping on it, in your product or by a link.">
      {mayWrite ? (
        <form
          className="space-y-4"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate();
          }}
        >
          <TextArea
            label="Allowed origins"
            hint="One a line, such as https://app.example.com. Pages there may show it in a frame; without any it stands alone."
            rows={4}
            spellCheck={false}
            value={text}
            onChange={setText}
            error={save.error?.message}
          />
          <Button look="primary" type="submit" busy={save.isPending} disabled={!changed}>
            Save
          </Button>
        </form>
      ) : given.length === 0 ? (
        <p className="text-ink2">It stands alone: no other page may show it in a frame.</p>
      ) : (
        <ul className="space-y-1">
          {given.map((origin) => (
            <li key={origin}>
              <code className="text-code">{origin}</code>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
