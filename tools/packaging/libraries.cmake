# The libraries: libhalp.so for everybody (halp::halp), and the parts of the tree for C++ programs (halp::dht, halp::node,
# halp::world, halp::testing). Components libhalp1, libhalp-dev, python3-halp.
include(CMakePackageConfigHelpers)
set(HALP_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/halp)
set(HALP_PYTHONDIR lib/python3/dist-packages CACHE STRING "Where the Python package is installed, relative to the prefix or absolute")

install(TARGETS libhalp EXPORT halp LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  COMPONENT libhalp1 NAMELINK_COMPONENT libhalp-dev
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set_target_properties(libhalp PROPERTIES EXPORT_NAME halp)
install(EXPORT halp NAMESPACE halp:: FILE halp-library.cmake DESTINATION ${HALP_CMAKEDIR} COMPONENT libhalp-dev)

# halp_part(NAME library...): halp::NAME.
function(halp_part name)
  add_library(halp_part_${name} INTERFACE)
  target_link_libraries(halp_part_${name} INTERFACE ${ARGN})
  set_target_properties(halp_part_${name} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS halp_part_${name} EXPORT halp-parts)
endfunction()
halp_part(dht halp_dht_libevent)
halp_part(node halp_node)
halp_part(world halp_libevent)
halp_part(testing halp_dht_testing halp_dht_libevent)
set(parts halp_files halp_store halp_records halp_overlay halp_text halp_gossip_wire halp_gossip_view halp_gossip_self
  halp_gossip halp_cache halp_node halp_libevent halp_dht_wire halp_dht_records halp_dht_ranges halp_dht_node
  halp_dht_client halp_dht_testing halp_dht_libevent)
install(TARGETS ${parts} EXPORT halp-parts ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/halp COMPONENT libhalp-dev
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT halp-parts NAMESPACE halp:: FILE halp-parts.cmake DESTINATION ${HALP_CMAKEDIR} COMPONENT libhalp-dev)

write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/halp-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES halp-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/halp-config-version.cmake
  DESTINATION ${HALP_CMAKEDIR} COMPONENT libhalp-dev)

install(FILES ${PROJECT_SOURCE_DIR}/tools/libhalp/include/halp/halp.h ${PROJECT_SOURCE_DIR}/tools/libhalp/include/halp/halp.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/halp COMPONENT libhalp-dev)
install(CODE "
  set(HALP_SOURCE \"${PROJECT_SOURCE_DIR}\")
  set(HALP_INCLUDEDIR \"${CMAKE_INSTALL_INCLUDEDIR}\")
  set(HALP_LIBDIR \"${CMAKE_INSTALL_LIBDIR}\")
  set(HALP_VERSION \"${PROJECT_VERSION}\")
  set(HALP_STAGING \"${CMAKE_CURRENT_BINARY_DIR}/staging\")" COMPONENT libhalp-dev)
install(SCRIPT install_headers.cmake COMPONENT libhalp-dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tools/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libhalp-dev COMPONENT libhalp-dev
  FILES_MATCHING PATTERN *.c PATTERN *.cc PATTERN *.py PATTERN *.sh PATTERN README.md)

# In the manual pages of the build directory, where the tests look at all pages.
configure_file(${PROJECT_SOURCE_DIR}/tools/libhalp/libhalp.3.in ${PROJECT_BINARY_DIR}/pages/man3/libhalp.3 @ONLY)
find_program(GZIP gzip REQUIRED)
execute_process(COMMAND ${GZIP} -9nc ${PROJECT_BINARY_DIR}/pages/man3/libhalp.3
  OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/libhalp.3.gz COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libhalp.3.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 COMPONENT libhalp-dev)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/tools/python/halp DESTINATION ${HALP_PYTHONDIR} COMPONENT python3-halp
  FILES_MATCHING PATTERN *.py PATTERN py.typed PATTERN __pycache__ EXCLUDE)
file(CONFIGURE OUTPUT METADATA CONTENT "Metadata-Version: 2.1\nName: halp\nVersion: ${PROJECT_VERSION}\n")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/METADATA
  DESTINATION ${HALP_PYTHONDIR}/halp-${PROJECT_VERSION}.dist-info COMPONENT python3-halp)
