/**
 * Texts of edition 2023, which protoc 3.21 does not know: here the expectation is written down. An empty one means that the text
 * is fine, and then the facts of its fields are compared with those of @bufbuild/protobuf.
 */
export const editionSnippets: readonly (readonly [text: string, error: string])[] = [
  ['message M { int32 a = 1; repeated int32 b = 2; string c = 3; M d = 4; oneof o { string e = 5; } }', ''],
  [
    'option features.field_presence = IMPLICIT; message M { int32 a = 1; M b = 2; repeated E c = 3; enum E { A = 0; } }',
    '',
  ],
  [
    'option features = { field_presence: IMPLICIT, utf8_validation: NONE; enum_type: CLOSED }; message M { string a = 1; }',
    '',
  ],
  [
    'option features.repeated_field_encoding = EXPANDED; message M { repeated int32 a = 1; repeated int32 b = 2 [features.repeated_field_encoding = PACKED]; }',
    '',
  ],
  [
    'option features.message_encoding = DELIMITED; message M { M a = 1; map<string, M> b = 2; repeated M c = 3; N n = 4; message N {} }',
    '',
  ],
  [
    'message M { M a = 1 [features.message_encoding = DELIMITED]; message Grp { int32 x = 1; } Grp grp = 2 [features.message_encoding = DELIMITED]; }',
    '',
  ],
  [
    'message M { option features.field_presence = IMPLICIT; int32 a = 1; message N { int32 b = 1; } int32 c = 2 [features.field_presence = EXPLICIT, default = 5]; }',
    '',
  ],
  ['message M { int32 a = 1 [features.field_presence = LEGACY_REQUIRED]; }', ''],
  [
    'option features.utf8_validation = NONE; message M { string a = 1; repeated string b = 2 [features.utf8_validation = VERIFY]; map<string, string> c = 3 [features.utf8_validation = VERIFY]; }',
    '',
  ],
  ['enum E { option features.enum_type = CLOSED; A = 1; } message M { E e = 1 [default = A]; }', ''],
  [
    'enum E { A = 0; B = 1 [features = {}]; } service S { option features = {}; rpc R(M) returns (M) { option features = {}; } } message M { oneof o { option features = {}; E e = 1; } }',
    '',
  ],
  [
    'message M { extensions 5 to 9; reserved a, b; reserved 20 to max; } extend M { int32 x = 5; repeated string y = 6; }',
    '',
  ],
  [
    'import "google/protobuf/go_features.proto"; option features.(pb.go).api_level = API_OPAQUE; message M { int32 a = 1 [features.field_presence = IMPLICIT]; }',
    '',
  ],
  ['option features.(pb.go).api_level = API_OPAQUE;', 'option features.(pb.go).api_level: unknown extension pb.go'],
  ['message M { option features.json_format = LEGACY_BEST_EFFORT; int32 a_b = 1; int32 aB = 2; }', ''],
  ['message M { int32 a_b = 1; int32 aB = 2; }', 'field M.aB: default JSON name "aB" conflicts'],
  ['message M { optional int32 a = 1; }', "label 'optional' is not allowed in editions"],
  ['message M { required int32 a = 1; }', "label 'required' is not allowed"],
  ['message M { repeated group G = 1 {} }', 'groups are not allowed in proto3 or editions'],
  ['message M { repeated int32 a = 1 [packed = true]; }', 'packed option is not allowed in editions'],
  ['message M { reserved "a"; }', 'must use identifiers, not string literals'],
  ['enum E { A = 1; }', 'first value of open enum E must have numeric value zero'],
  [
    'enum E { option features.enum_type = CLOSED; A = 0; } message M { E e = 1 [features.field_presence = IMPLICIT]; }',
    'cannot use closed enum E in a field with implicit presence',
  ],
  ['option features.field_presence = LEGACY_REQUIRED;', 'LEGACY_REQUIRED field presence cannot be set as the default'],
  ['option features.field_presence = SOMETIMES;', 'features.field_presence: unknown value SOMETIMES'],
  [
    'option features.nothing = YES;',
    'option features.nothing: field nothing of google.protobuf.FeatureSet does not exist',
  ],
  ['option features.enum_type = OPEN; option features.enum_type = OPEN;', 'features.enum_type is set more than once'],
  [
    'message M { oneof o { int32 a = 1 [features.field_presence = IMPLICIT]; } }',
    'oneof fields may not specify field presence',
  ],
  [
    'message M { repeated int32 a = 1 [features.field_presence = IMPLICIT]; }',
    'repeated fields may not specify field presence',
  ],
  ['message M { M a = 1 [features.field_presence = IMPLICIT]; }', 'message fields may not specify implicit presence'],
  [
    'message M { extensions 5; } extend M { int32 a = 5 [features.field_presence = EXPLICIT]; }',
    'extension fields may not specify field presence',
  ],
  [
    'message M { int32 a = 1 [features.repeated_field_encoding = PACKED]; }',
    'only repeated fields may specify repeated field encoding',
  ],
  [
    'message M { repeated string a = 1 [features.repeated_field_encoding = PACKED]; }',
    'only repeated primitive fields may specify packed encoding',
  ],
  ['message M { int32 a = 1 [features.utf8_validation = NONE]; }', 'only string fields may specify UTF8 validation'],
  [
    'message M { int32 a = 1 [features.message_encoding = DELIMITED]; }',
    'only message fields may specify message encoding',
  ],
  [
    'message M { int32 a = 1 [features.field_presence = IMPLICIT, default = 1]; }',
    'default value is not allowed on fields with implicit presence',
  ],
]
