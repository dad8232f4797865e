use ottla_model::{
    BrokerEpoch, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex,
    ProducerEpoch, ProducerId, Sequence, Timestamp, TopicId, Uuid,
};

use super::{IntoOwned, Value};
use crate::codec::{DecodeError, Reader, Version, Writer};
use crate::schema::Type;

/// Types of a fixed size: how one is made of the primitive on the wire, and turned into it.
macro_rules! fixed {
    ($($type:ty: $kind:ident, $primitive:ident, $from:expr, $into:expr;)*) => {
        $(
            impl<'a> Value<'a> for $type {
                const TYPE: Type = Type::$kind;

                fn read(reader: &mut Reader<'a>, _: Version) -> Result<Self, DecodeError> {
                    reader.$primitive().map($from)
                }

                fn write(&self, writer: &mut Writer, _: Version) {
                    writer.$primitive($into(*self));
                }

                fn room(&self) -> usize {
                    size_of::<Self>()
                }
            }

            impl IntoOwned for $type {
                type Owned = Self;

                fn into_owned(self) -> Self {
                    self
                }
            }
        )*
    };
}

macro_rules! newtypes {
    ($($type:ident: $kind:ident, $primitive:ident;)*) => {
        fixed! { $($type: $kind, $primitive, $type, |$type(value)| value;)* }
    };
}

fixed! {
    bool: Bool, i8, |byte| byte != 0, i8::from;
    i8: Int8, i8, |value| value, |value| value;
    i16: Int16, i16, |value| value, |value| value;
    u16: Uint16, u16, |value| value, |value| value;
    i32: Int32, i32, |value| value, |value| value;
    u32: Uint32, u32, |value| value, |value| value;
    i64: Int64, i64, |value| value, |value| value;
    f64: Float64, f64, |value| value, |value| value;
    Uuid: Uuid, u128, Uuid::from_u128, Uuid::as_u128;
    TopicId: Uuid, u128, |bits| TopicId(Uuid::from_u128(bits)), |TopicId(uuid): TopicId| uuid.as_u128();
    ErrorCode: Int16, i16, ErrorCode::from_code, |code| code as i16;
}

newtypes! {
    BrokerEpoch: Int64, i64;
    LeaderEpoch: Int32, i32;
    NodeId: Int32, i32;
    Offset: Int64, i64;
    PartitionEpoch: Int32, i32;
    PartitionIndex: Int32, i32;
    ProducerEpoch: Int16, i16;
    ProducerId: Int64, i64;
    Sequence: Int32, i32;
    Timestamp: Int64, i64;
}
