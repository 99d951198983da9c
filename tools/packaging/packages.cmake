# Debian packages by CPack: `cpack -G DEB` in the build directory, or tools/check-packages, which tries them, too.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME halp)
set(CPACK_PACKAGE_VENDOR "The halp authors")
set(CPACK_PACKAGE_CONTACT "The halp authors <halp@example.org>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
# The units are written for the prefix of the installation, and /etc/halp is outside of it.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
set(CPACK_OUTPUT_FILE_PREFIX packages)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(debian ${CMAKE_CURRENT_SOURCE_DIR}/debian)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/debian)
execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C date -u -R -d ${HALP_DATE}
  OUTPUT_VARIABLE HALP_DATE_RFC OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
configure_file(${debian}/changelog.in ${generated}/changelog @ONLY)
find_program(GZIP gzip REQUIRED)
execute_process(COMMAND ${GZIP} -9nc ${generated}/changelog OUTPUT_FILE ${generated}/changelog.Debian.gz
  COMMAND_ERROR_IS_FATAL ANY)

execute_process(COMMAND ${GZIP} -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md OUTPUT_FILE ${generated}/changelog.gz
  COMMAND_ERROR_IS_FATAL ANY)

# halp_package(NAME): the files that only a package has.
function(halp_package name)
  install(FILES ${debian}/copyright ${generated}/changelog.Debian.gz
    DESTINATION share/doc/${name} COMPONENT ${name}-debian EXCLUDE_FROM_ALL)
endfunction()
halp_package(halpd)
halp_package(halp)
halp_package(halp-sim)
halp_package(libhalp1)
halp_package(libhalp-dev)
halp_package(python3-halp)
install(FILES ${generated}/changelog.gz DESTINATION share/doc/halp COMPONENT halp-debian EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_SOURCE_DIR}/config/halpd.yaml DESTINATION /etc/halp COMPONENT halpd-debian EXCLUDE_FROM_ALL)

set(CPACK_DEBIAN_HALPD_PACKAGE_NAME halpd)
# A container without systemd gets the small one; where systemd is installed, it is enough.
set(CPACK_DEBIAN_HALPD_PACKAGE_DEPENDS "systemd-standalone-sysusers | systemd | systemd-sysusers")
set(CPACK_DEBIAN_HALPD_PACKAGE_PREDEPENDS "init-system-helpers (>= 1.54~)")
# HTTPS loads both when a certificate is configured.
set(CPACK_DEBIAN_HALPD_PACKAGE_RECOMMENDS "halp, libevent-openssl-2.1-7, libssl3")
set(CPACK_DEBIAN_HALPD_PACKAGE_CONTROL_EXTRA
  ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
set(CPACK_DEBIAN_HALP_PACKAGE_NAME halp)
set(CPACK_DEBIAN_HALP_PACKAGE_SUGGESTS halpd)
set(CPACK_DEBIAN_HALP-SIM_PACKAGE_NAME halp-sim)
set(CPACK_DEBIAN_HALP-SIM_PACKAGE_SECTION science)

set(CPACK_DEBIAN_LIBHALP1_PACKAGE_NAME libhalp1)
set(CPACK_DEBIAN_LIBHALP1_PACKAGE_SECTION libs)
# CPack writes neither of them for one component.
file(CONFIGURE OUTPUT debian/libhalp1/shlibs CONTENT "libhalp 1 libhalp1 (>= ${PROJECT_VERSION})\n")
file(CONFIGURE OUTPUT debian/libhalp1/triggers CONTENT "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBHALP1_PACKAGE_CONTROL_EXTRA ${generated}/libhalp1/shlibs ${generated}/libhalp1/triggers)
set(CPACK_DEBIAN_LIBHALP1_PACKAGE_SUGGESTS halpd)
set(CPACK_DEBIAN_LIBHALP-DEV_PACKAGE_NAME libhalp-dev)
set(CPACK_DEBIAN_LIBHALP-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBHALP-DEV_PACKAGE_DEPENDS "libhalp1 (= ${PROJECT_VERSION}-1)")
# For halp::dht, halp::node and halp::testing; halp::halp needs none of them.
set(CPACK_DEBIAN_LIBHALP-DEV_PACKAGE_RECOMMENDS "libevent-dev, liblmdb-dev, libsodium-dev, pkg-config")
set(CPACK_DEBIAN_PYTHON3-HALP_PACKAGE_NAME python3-halp)
set(CPACK_DEBIAN_PYTHON3-HALP_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON3-HALP_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON3-HALP_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PYTHON3-HALP_PACKAGE_DEPENDS "python3 (>= 3.10), python3:any, libhalp1 (>= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_PYTHON3-HALP_PACKAGE_CONTROL_EXTRA ${debian}/python/postinst ${debian}/python/prerm)

set(what "HALP answers one question for any peer-to-peer program: who is out there right
now? It keeps lists of hosts and ports by label, ordered by how recently each
was confirmed to work, without a central server.
.
")
set(CPACK_DEBIAN_HALPD_DESCRIPTION "node of HALP, the Host Address List Protocol
${what}halpd is one node of a swarm, as a service: it serves HALP text and gossip on
TCP port 3451, and if wanted records by the protocols of dhtproto.")
set(CPACK_DEBIAN_HALP_DESCRIPTION "find and announce hosts by the Host Address List Protocol
${what}halp is the command-line tool: it looks hosts up, announces them, watches them,
and reads and writes records of DHT nodes. Much of it needs no daemon.")
set(CPACK_DEBIAN_HALP-SIM_DESCRIPTION "simulator of HALP swarms in virtual time
${what}halp-sim plays swarms of the real node with virtual time and links: growth,
failures, partitions, attacks, and writes reports about them.")

set(CPACK_DEBIAN_LIBHALP1_DESCRIPTION "find and announce hosts by the Host Address List Protocol: library
${what}libhalp does that for an application: by the daemon of the machine, by the
cache directory, or as a node of its own. It is also a client for records.")
set(CPACK_DEBIAN_LIBHALP-DEV_DESCRIPTION "find and announce hosts by HALP: development files
${what}This package has the headers for C and C++, CMake and pkg-config files, static
libraries of the node, of records and for tests, and examples.")
set(CPACK_DEBIAN_PYTHON3-HALP_DESCRIPTION "find and announce hosts by HALP: Python package
${what}This is the Python package, over libhalp by ctypes.")

set(packages halpd halp halp-sim libhalp1 libhalp-dev python3-halp)
set(CPACK_COMPONENTS_ALL ${packages})
foreach(package ${packages})
  list(APPEND CPACK_COMPONENTS_ALL ${package}-debian)
endforeach()
include(CPack)
foreach(component ${packages})
  cpack_add_component_group(${component})
  cpack_add_component(${component} GROUP ${component})
  cpack_add_component(${component}-debian GROUP ${component})
endforeach()
