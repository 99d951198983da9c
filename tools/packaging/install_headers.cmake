# Runs when libhalp-dev is installed: the headers of the tree below include/halp, where they include each other as
# <halp/...>, so that none is found under a bare name; and halp.pc, which names the prefix.
get_filename_component(prefix "${CMAKE_INSTALL_PREFIX}" ABSOLUTE BASE_DIR "$ENV{PWD}")
get_filename_component(includedir "${HALP_INCLUDEDIR}" ABSOLUTE BASE_DIR "${prefix}")
get_filename_component(libdir "${HALP_LIBDIR}" ABSOLUTE BASE_DIR "${prefix}")
set(readable OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

file(GLOB_RECURSE headers RELATIVE "${HALP_SOURCE}" "${HALP_SOURCE}/store/*.h" "${HALP_SOURCE}/overlay/*.h")
foreach(header ${headers})
  file(READ "${HALP_SOURCE}/${header}" text)
  string(REGEX REPLACE "#include \"((store|overlay)/[^\"]+)\"" "#include <halp/\\1>" text "${text}")
  file(WRITE "${HALP_STAGING}/include/${header}" "${text}")
endforeach()
foreach(folder store overlay)
  file(INSTALL DESTINATION "${includedir}/halp" TYPE DIRECTORY FILES "${HALP_STAGING}/include/${folder}"
    FILE_PERMISSIONS ${readable})
endforeach()

file(WRITE "${HALP_STAGING}/halp.pc" "prefix=${prefix}
libdir=${libdir}
includedir=${includedir}

Name: halp
Description: Find and announce hosts by the Host Address List Protocol
Version: ${HALP_VERSION}
Libs: -L\${libdir} -lhalp
Cflags: -I\${includedir}
")
file(INSTALL DESTINATION "${libdir}/pkgconfig" TYPE FILE FILES "${HALP_STAGING}/halp.pc" PERMISSIONS ${readable})
