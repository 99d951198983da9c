# Runs when halp is installed: the units name the programs of this very installation, whatever prefix it was given.
# HALP_PACKAGING is this folder, HALP_BINDIR and HALP_UNITDIR are relative to the prefix or absolute, HALP_STAGING is a
# scratch directory of the build.
get_filename_component(prefix "${CMAKE_INSTALL_PREFIX}" ABSOLUTE BASE_DIR "$ENV{PWD}")
get_filename_component(bindir "${HALP_BINDIR}" ABSOLUTE BASE_DIR "${prefix}")
get_filename_component(unitdir "${HALP_UNITDIR}" ABSOLUTE BASE_DIR "${prefix}")
string(REPLACE "%" "%%" bindir "${bindir}")  # systemd replaces what follows a single one
file(READ "${HALP_PACKAGING}/units/service_common.in" common)
string(STRIP "${common}" common)
set(units "")
foreach(unit halpd.service halpd@.service halpd.socket halpd-admin.socket)
  file(READ "${HALP_PACKAGING}/units/${unit}.in" text)
  string(REPLACE "{bindir}" "${bindir}" text "${text}")
  string(REPLACE "{common}" "${common}" text "${text}")
  file(WRITE "${HALP_STAGING}/${unit}" "${text}")
  list(APPEND units "${HALP_STAGING}/${unit}")
endforeach()
file(INSTALL DESTINATION "${unitdir}" TYPE FILE FILES ${units}
  PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
