# Runs when halp is installed: manual pages, compressed as Debian wants them, and completions of HALP_PROGRAM, which the
# build has written to HALP_PAGES. HALP_MANUALS are the pages, such as halp.1;
# HALP_STAGING is a scratch directory of the build.
get_filename_component(prefix "${CMAKE_INSTALL_PREFIX}" ABSOLUTE BASE_DIR "$ENV{PWD}")
get_filename_component(datadir "${HALP_DATADIR}" ABSOLUTE BASE_DIR "${prefix}")
get_filename_component(mandir "${HALP_MANDIR}" ABSOLUTE BASE_DIR "${prefix}")
set(readable OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
find_program(gzip gzip)

foreach(page ${HALP_MANUALS})
  string(REGEX MATCH "[0-9]$" section "${page}")
  set(file "${HALP_PAGES}/man${section}/${page}")
  if(NOT EXISTS "${file}")
    message(FATAL_ERROR "${file} is missing. Build ${HALP_PROGRAM} first: cmake --build BUILD --target ${HALP_PROGRAM}")
  endif()
  if(gzip)
    file(MAKE_DIRECTORY "${HALP_STAGING}")
    set(compressed "${HALP_STAGING}/${page}.gz")
    execute_process(COMMAND "${gzip}" -9nc "${file}" OUTPUT_FILE "${compressed}" COMMAND_ERROR_IS_FATAL ANY)
    set(file "${compressed}")
  endif()
  file(INSTALL DESTINATION "${mandir}/man${section}" TYPE FILE FILES "${file}" PERMISSIONS ${readable})
endforeach()

set(zsh "${datadir}/zsh/site-functions")
if(prefix STREQUAL "/usr" AND EXISTS /etc/debian_version)
  set(zsh "${datadir}/zsh/vendor-completions")  # Debian's zsh does not look into the other one
endif()
file(INSTALL DESTINATION "${datadir}/bash-completion/completions" TYPE FILE FILES "${HALP_PAGES}/bash/${HALP_PROGRAM}"
  PERMISSIONS ${readable})
file(INSTALL DESTINATION "${zsh}" TYPE FILE FILES "${HALP_PAGES}/zsh/_${HALP_PROGRAM}" PERMISSIONS ${readable})
file(INSTALL DESTINATION "${datadir}/fish/vendor_completions.d" TYPE FILE
  FILES "${HALP_PAGES}/fish/${HALP_PROGRAM}.fish" PERMISSIONS ${readable})
