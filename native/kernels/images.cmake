# The kernels for GPUs, embedded in the library: PTX for any GPU since Turing, and with FRAMEPATH_FATBIN and an nvcc a
# fatbin too, which the driver need not compile and which takes nvcc a minute.
# The PTX is made by clang-14 where it is installed; kernels.ptx holds what it makes, for machines that lack it.
set(KERNELS_CU ${CMAKE_SOURCE_DIR}/native/kernels/kernels.cu)
file(GLOB KERNEL_HEADERS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/native/kernels/*.h)
list(APPEND KERNEL_HEADERS ${CMAKE_SOURCE_DIR}/native/core/view.h ${CMAKE_SOURCE_DIR}/native/generated/core_enums.h)
set(CHECKED_IN_PTX ${CMAKE_SOURCE_DIR}/native/kernels/kernels.ptx)

find_program(FRAMEPATH_CLANG clang-14)
if(FRAMEPATH_CLANG)
  set(KERNELS_PTX ${CMAKE_BINARY_DIR}/kernels.ptx)
  # --cuda-path: an installed toolkit must not be found, clang 14 knows none of today's.
  add_custom_command(OUTPUT ${KERNELS_PTX}
    COMMAND ${FRAMEPATH_CLANG} -x cuda --cuda-device-only -S -nocudainc -nocudalib --cuda-path=/nonexistent
      --cuda-gpu-arch=sm_75 -O3 -std=c++20 -ffp-contract=off -I ${CMAKE_SOURCE_DIR}/native ${KERNELS_CU} -o ${KERNELS_PTX}
    DEPENDS ${KERNELS_CU} ${KERNEL_HEADERS} VERBATIM)
  add_custom_target(refresh_ptx COMMAND ${CMAKE_COMMAND} -E copy ${KERNELS_PTX} ${CHECKED_IN_PTX} DEPENDS ${KERNELS_PTX})
else()
  set(KERNELS_PTX ${CHECKED_IN_PTX})
endif()
set(KERNEL_IMAGES ${KERNELS_PTX})
set(KERNEL_DEFINITIONS "FRAMEPATH_PTX_FILE=\"${KERNELS_PTX}\"")

# Real code of the GPUs that this nvcc knows, for packages and where a GPU is there. Only where nvcc works with the
# compiler that is here: nobody needs it.
set(FRAMEPATH_GPUS 75 80 86 89 90 100 120)
set(has_gpu OFF)
if(EXISTS /dev/nvidiactl)
  set(has_gpu ON)
endif()
option(FRAMEPATH_FATBIN "Compile the kernels with nvcc, where there is one" ${has_gpu})
if(FRAMEPATH_FATBIN)
  find_program(FRAMEPATH_NVCC nvcc HINTS ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
endif()
if(FRAMEPATH_FATBIN AND FRAMEPATH_NVCC AND NOT FRAMEPATH_SANITIZE AND NOT DEFINED FRAMEPATH_NVCC_GPUS)
  set(known "")
  execute_process(COMMAND ${FRAMEPATH_NVCC} --list-gpu-arch OUTPUT_VARIABLE listed ERROR_QUIET)
  foreach(gpu ${FRAMEPATH_GPUS})
    if(listed MATCHES "compute_${gpu}\n")
      list(APPEND known ${gpu})
    endif()
  endforeach()
  file(WRITE ${CMAKE_BINARY_DIR}/nvcc_works.cu "__global__ void nothing() {}\n")
  execute_process(COMMAND ${FRAMEPATH_NVCC} -fatbin -std=c++20 nvcc_works.cu -o nvcc_works.fatbin
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(failed)
    set(known "")
    message(STATUS "${FRAMEPATH_NVCC} does not work here: no fatbin, GPUs get the PTX")
  endif()
  set(FRAMEPATH_NVCC_GPUS "${known}" CACHE INTERNAL "GPUs that nvcc compiles for")
endif()
if(FRAMEPATH_FATBIN AND FRAMEPATH_NVCC AND FRAMEPATH_NVCC_GPUS AND NOT FRAMEPATH_SANITIZE)
  set(KERNELS_FATBIN ${CMAKE_BINARY_DIR}/kernels.fatbin)
  set(gencode "")
  foreach(gpu ${FRAMEPATH_NVCC_GPUS})
    list(APPEND gencode -gencode arch=compute_${gpu},code=sm_${gpu})
  endforeach()
  add_custom_command(OUTPUT ${KERNELS_FATBIN}
    COMMAND ${FRAMEPATH_NVCC} -fatbin -fmad=false -O3 -std=c++20 -Xfatbin=-compress-all ${gencode}
      -I ${CMAKE_SOURCE_DIR}/native ${KERNELS_CU} -o ${KERNELS_FATBIN}
    DEPENDS ${KERNELS_CU} ${KERNEL_HEADERS} VERBATIM)
  list(APPEND KERNEL_IMAGES ${KERNELS_FATBIN})
  list(APPEND KERNEL_DEFINITIONS "FRAMEPATH_FATBIN_FILE=\"${KERNELS_FATBIN}\"")
endif()

set_source_files_properties(${CMAKE_SOURCE_DIR}/native/device/cuda_images.cc PROPERTIES
  COMPILE_DEFINITIONS "${KERNEL_DEFINITIONS}" OBJECT_DEPENDS "${KERNEL_IMAGES}")
