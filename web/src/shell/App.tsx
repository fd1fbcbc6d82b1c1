/** The page from top to bottom. */
export function App() {
  return <main>AeroStream</main>;
}
