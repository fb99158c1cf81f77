// Metrics of a run over HTTP in the Prometheus format, without extra packages: curl localhost:9464/metrics while it runs.
// Configuration for a Prometheus server: scrape_configs: [{ job_name: framepath, static_configs: [{ targets: [localhost:9464] }] }]
import { createServer } from 'node:http';
import { analyzer, detect, pipeline, video } from 'framepath';
import { metricsHandler, prometheus } from 'framepath/metrics';

const [file = 'demo/left.mp4', port = '9464'] = process.argv.slice(2);

const run = await pipeline(video(file, { id: 'left', endMs: 4000 }))
  .use(detect('faces', 'blazeface'))
  .use(analyzer(new URL('./analyzers/movement.js', import.meta.url), { name: 'movement', isolation: 'thread' }))
  .start();

const server = createServer(metricsHandler(prometheus(run)));
await new Promise((listening) => server.listen(Number(port), '127.0.0.1', listening));
try {
  await run.done;
  const scraped = await fetch(`http://127.0.0.1:${server.address().port}/metrics`);
  console.log(
    (await scraped.text())
      .split('\n')
      .filter((line) => /^framepath_(frames|results|host)/.test(line))
      .join('\n'),
  );
} finally {
  server.close();
  server.closeAllConnections();
  await run.close();
}
