/** A panel that folds. */
import * as React from "react";

type Props = {
  title: string;
  children?: React.ReactNode;
};

export const Panel: React.FC<Props> = ({ title, children }) => {
  const [open, setOpen] = React.useState(true);

  function toggle() {
    setOpen(!open);
  }

  return (
    <section>
      <h1 onClick={toggle}>{title}</h1>
      {open && children}
    </section>
  );
};

export default function App(): JSX.Element {
  return <Panel title="one">text</Panel>;
}

class Legacy extends React.Component<Props> {
  render() {
    return <Panel {...this.props} />;
  }
}
