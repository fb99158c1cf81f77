/** The text of `framepath run --help`. */
export const usage = `Usage: framepath run <source...> [options]

Analyses videos: who is where and when; composes and encodes them when --out is given.

  --detect blazeface|path                detector (blazeface)
  --detect-facts FACTS                   what the detector's file does not state: head=yolo,size=640x640,mean=0,scale=1/255
                                         (lists with colons: mean=104:117:123,labels=cat:dog), or the same as JSON
  --embed face-recognition|path|none     embedding model of identities (face-recognition)
  --embed-facts FACTS                    the same of the embedding model, and metric=cosine|l2,threshold=0.5
  --reid conditional|always|off          which crops are embedded (conditional)
  --layout split|grid|focus|none         default: none without --out; else focus for one source, split for two, grid for more
  --out FILE                             composed video: .mp4, .m4v, .mov, .mkv, .ts, .m2ts, .m3u8 or a URL
  --profile NAME                         realtime, streaming, balanced, quality or archival (balanced)
  --codec h264|hevc|av1                  (h264)
  --bitrate 2M|1M-6M                     bits per second on average, or following the pictures inside a range
                                         (constant quality by profile); k and M are thousands and millions
  --audio first|mix|none|SOURCE          audio of --out: SOURCE is a position, 0 is the first (first)
  --encode OPTIONS                       other options of encode(), see docs/outputs.md: realtime=true,latency=low,
                                         keyframeIntervalMs=1000,bFrames=0,reconnect=Infinity,segmentMs=1000,width=1280
  --boxes                                draw boxes with id and score
  --redact pixelate|blur                 hide faces
  --redact-ahead MS                      and so long before they are first found (1000; 0 for live sources)
  --results FILE.jsonl                   a line a frame
  --timeline FILE.json                   who was seen when
  --mot FILE.txt                         MOT format with final ids (--embed none: of tracks), one file a source
  --report FILE.json                     times, drops, models, outputs
  --contact-sheet FILE.jpg               the best shot of every identity (--embed none: of every track)
  --trace FILE.json                      who worked when, for ui.perfetto.dev
  --device auto|cpu|cuda:N               (auto)
  --decoder auto|software|hardware       who decodes: the GPU where it can, the CPU, or the GPU or nobody (auto)
  --limits untrusted                     nobody vouches for the sources, see docs/sources.md (none)
  --stride N                             take every Nth frame of each source (1)
  --from MS, --to MS                     part of each source
  --explain                              run nothing: print modules, dependencies, batches, where each runs and why
  --dot FILE.dot, --mermaid FILE.mmd     the same as a drawing: of Graphviz (dot -Tsvg), of Mermaid
  --json                                 print the report (or the explanation) as JSON
`;
