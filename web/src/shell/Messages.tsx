export function Messages() {
  return <section aria-label="Messages" />;
}
