/**
 * The descriptor of google.protobuf.Any for those who need the type without a schema that imports it.
 */

import type { MessageDescriptor } from './descriptors.js'

/** Its fields do not matter: the mapper knows the type by name. */
export const anyDescriptor: MessageDescriptor = {
  fullName: 'google.protobuf.Any',
  fields: [],
  isMapEntry: false,
  isMessageSet: false,
}
