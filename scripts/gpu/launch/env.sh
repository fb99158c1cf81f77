# . env.sh, with FRAMEPATH_PACK naming this folder: sets PATH and LD_LIBRARY_PATH for what is in the pack. CUDA's libraries are
# those of the machine: Python wheels of the python3 on the PATH, or a toolkit. They are looked for, not assumed.
: "${FRAMEPATH_PACK:?}"
# What Python and others on this machine had before.
export FRAMEPATH_HOST_LD_LIBRARY_PATH="${FRAMEPATH_HOST_LD_LIBRARY_PATH-${LD_LIBRARY_PATH-}}"

cuda_folders=
add_folder_of() { # NAME FOLDER...: the first folder that has that library
  soname=$1
  shift
  for folder in "$@"; do
    [ -e "$folder/$soname" ] || continue
    case ":$cuda_folders:" in *":$folder:"*) ;; *) cuda_folders="$cuda_folders:$folder" ;; esac
    return 0
  done
}
wheels=$(python3 -c 'import nvidia; print("\n".join(nvidia.__path__))' 2>/dev/null || true)
for soname in libcudart.so.13 libcublasLt.so.13 libcublas.so.13 libcurand.so.10 libcufft.so.12 libcudnn.so.9 libnvrtc.so.13 \
  libnvinfer.so.10 libnvonnxparser.so.10; do
  # shellcheck disable=SC2086 # a path of Python's with spaces is not found
  add_folder_of "$soname" $(for wheel in $wheels; do printf '%s\n' "$wheel"/*/lib; done) \
    "${VIRTUAL_ENV:-/nonexistent}"/lib/python3*/site-packages/nvidia/*/lib /opt/*/.venv/lib/python3*/site-packages/nvidia/*/lib \
    /usr/lib/python3*/*-packages/nvidia/*/lib /usr/local/lib/python3*/*-packages/nvidia/*/lib \
    /usr/local/cuda/lib64 /usr/local/cuda-13*/lib64 /usr/lib/x86_64-linux-gnu || true
done
# Where containers keep the driver.
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
  if [ -d "$folder" ]; then cuda_folders="$cuda_folders:$folder"; fi
done
export PATH="$FRAMEPATH_PACK/node/bin:$PATH"
# What the caller put first stays first.
export LD_LIBRARY_PATH="${FRAMEPATH_HOST_LD_LIBRARY_PATH:+$FRAMEPATH_HOST_LD_LIBRARY_PATH:}$FRAMEPATH_PACK/ffmpeg$cuda_folders"
# libstdc++ of the machine, unless there is none or it is older than what was built against.
if ! node -e 'require(process.argv[1])' "$FRAMEPATH_PACK/app/build/Release/framepath.node" >/dev/null 2>&1; then
  export LD_LIBRARY_PATH="$FRAMEPATH_PACK/compat:$LD_LIBRARY_PATH"
fi
