// What of FFmpeg is in the bundle: everything that the README's tables promise, and no more.

const list = (kind, names) =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => `--enable-${kind}=${name}`);

/** FFmpeg's configure line. */
export function configureLine() {
  return [
    '--prefix=/',
    '--cc=framepath-cc',
    '--cxx=framepath-c++',
    '--ld=framepath-cc',
    '--ar=framepath-ar',
    '--ranlib=framepath-ranlib',
    '--nm=framepath-nm',
    '--strip=framepath-strip',
    '--pkg-config=pkg-config',
    '--pkg-config-flags=--static',
    '--enable-pic',
    '--enable-static',
    '--disable-shared',
    '--disable-debug',
    '--disable-doc',
    '--disable-programs',
    '--disable-autodetect',
    '--disable-avdevice',
    '--disable-avfilter',
    '--disable-postproc',
    '--enable-pthreads',
    '--enable-version3',
    '--enable-zlib',
    '--enable-mbedtls',
    '--enable-libdav1d',
    '--enable-libopenh264',
    '--enable-ffnvcodec',
    '--enable-nvdec',
    '--enable-nvenc',
    '--disable-everything',
    ...list(
      'decoder',
      `
      h264 hevc av1 libdav1d vp8 vp9 mpeg4 msmpeg4v2 msmpeg4v3 mpeg1video mpeg2video h263 flv wmv1 wmv2 wmv3 vc1 theora
      mjpeg prores dnxhd ffv1 huffyuv ffvhuff utvideo rawvideo qtrle cinepak png apng webp gif bmp tiff pam ppm pgm
      aac aac_latm opus vorbis mp3 mp3float mp2 mp2float flac alac ac3 eac3 dca amrnb amrwb wmav1 wmav2
      pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be pcm_f64le pcm_u8 pcm_s8 pcm_alaw pcm_mulaw
      pcm_bluray pcm_dvd adpcm_ima_wav adpcm_ms adpcm_g722 adpcm_g726 adpcm_g726le`,
    ),
    ...list(
      'encoder',
      `
      libopenh264 h264_nvenc hevc_nvenc av1_nvenc mjpeg png rawvideo ffv1 aac pcm_s16le pcm_f32le flac`,
    ),
    ...list(
      'hwaccel',
      `
      h264_nvdec hevc_nvdec av1_nvdec vp8_nvdec vp9_nvdec mpeg1_nvdec mpeg2_nvdec mpeg4_nvdec vc1_nvdec wmv3_nvdec mjpeg_nvdec`,
    ),
    ...list(
      'parser',
      `
      h264 hevc av1 vp8 vp9 mpeg4video mpegvideo h263 vc1 mjpeg png webp gif bmp pnm dnxhd
      aac aac_latm opus vorbis mpegaudio flac ac3 dca amr`,
    ),
    ...list(
      'demuxer',
      `
      mov matroska mpegts mpegps mpegvideo hls flv live_flv avi asf wav w64 aiff mp3 aac flac ac3 eac3 dts ogg amr caf
      h264 hevc av1 obu ivf m4v mjpeg mpjpeg rawvideo yuv4mpegpipe gif apng webm_dash_manifest concat nut dnxhd mxf
      image2 image2pipe image_png_pipe image_jpeg_pipe image_webp_pipe image_gif_pipe image_bmp_pipe image_tiff_pipe
      image_ppm_pipe image_pgm_pipe image_pam_pipe
      pcm_s16le pcm_f32le rtsp rtp sdp`,
    ),
    ...list(
      'muxer',
      `
      mov mp4 matroska webm mpegts hls flv rtsp rtp rtp_mpegts avi wav mp3 adts flac ogg h264 hevc obu ivf mjpeg image2 rawvideo
      nut null yuv4mpeg pcm_s16le pcm_f32le framemd5 framehash`,
    ),
    ...list(
      'protocol',
      `
      file pipe fd data cache concat subfile crypto tcp udp udplite rtp srtp tls http https httpproxy hls
      rtmp rtmps rtmpt rtmpts unix tee`,
    ),
    ...list(
      'bsf',
      `
      aac_adtstoasc av1_frame_merge av1_frame_split av1_metadata dump_extradata extract_extradata h264_metadata h264_mp4toannexb
      hevc_metadata hevc_mp4toannexb mjpeg2jpeg mpeg4_unpack_bframes null opus_metadata pcm_rechunk remove_extradata setts
      vp9_raw_reorder vp9_superframe vp9_superframe_split`,
    ),
  ];
}
