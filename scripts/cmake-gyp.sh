#!/bin/sh
# Stands in for node-gyp under prebuildify, whose arguments (a Node version to build for) do not concern Node-API addons.
# prebuildify looks for the result in build/Release of the folder it runs in.
root=$(cd "$(dirname "$0")/.." && pwd)
exec "$root/node_modules/.bin/cmake-js" build --directory "$root" --out "$PWD/build" --config Release \
  --CDONNXRUNTIME_INCLUDE="$ONNXRUNTIME_INCLUDE" --CDFRAMEPATH_TESTS=OFF --CDFRAMEPATH_FATBIN=ON
