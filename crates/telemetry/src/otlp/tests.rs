use proptest::prelude::*;

use super::*;

/// A field that holds a text or another message.
fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    assert!(content.len() < 0x80, "its length is one byte");
    let mut field = vec![number << 3 | 2, content.len() as u8];
    field.extend(content);
    field
}

fn fixed64(number: u8, bits: u64) -> Vec<u8> {
    let mut field = vec![number << 3 | 1];
    field.extend(bits.to_le_bytes());
    field
}

fn attribute(field: u8, key: &str, value: &[u8]) -> Vec<u8> {
    bytes(field, &[bytes(1, key.as_bytes()), bytes(2, value)].concat())
}

fn metrics(resource: &[u8], metric: &[u8]) -> Vec<u8> {
    let scope = bytes(2, &bytes(2, metric));
    bytes(1, &[scope, resource.to_vec()].concat())
}

/// Each data point in a line.
fn lines(metrics: &[u8]) -> Result<(Counts, Vec<String>), Malformed> {
    let mut lines = Vec::new();
    let made = |resource: Attributes<'_>| resource.to_string();
    let counts = read(metrics, made, |point, resource| {
        lines.push(format!(
            "{} {} {:?} at {} of {} by {resource}",
            point.metric, point.unit, point.reading, point.unix_nanos, point.attributes,
        ));
    })?;
    Ok((counts, lines))
}

#[test]
fn data_points_come_with_what_stands_around_them_whatever_the_order() {
    let group = bytes(1, &attribute(1, "group_id", &bytes(1, b"g")));
    let topic = attribute(7, "topic", &bytes(1, b"t"));
    let partition = attribute(7, "partition", &[3 << 3, 5]);
    let first = [fixed64(6, -7i64 as u64), fixed64(3, 9), topic, partition].concat();
    let second = fixed64(4, 2.5f64.to_bits());
    let sum = bytes(
        7,
        &[bytes(1, &first), bytes(1, &second), vec![3 << 3, 1]].concat(),
    );
    let metric = [sum, bytes(1, b"m.rate"), bytes(3, b"1")].concat();
    let (counts, lines) = lines(&metrics(&group, &metric)).unwrap();
    let expected = Counts {
        metrics: 1,
        points: 2,
    };
    assert_eq!(counts, expected);
    assert_eq!(
        lines,
        [
            "m.rate 1 Integer(-7) at 9 of topic=t,partition=5 by group_id=g",
            "m.rate 1 Real(2.5) at 0 of  by group_id=g",
        ]
    );
}

#[test]
fn the_attributes_of_a_client_are_handed_out_once_however_many_data_points_it_has() {
    let several = bytes(5, &bytes(1, &[]).repeat(20));
    let group = |id: &[u8]| bytes(1, &attribute(1, "group_id", &bytes(1, id)));
    let both = [
        metrics(&group(b"a"), &several),
        metrics(&group(b"b"), &several),
    ];
    let (mut made, mut points) = (Vec::new(), 0);
    let resource = |resource: Attributes<'_>| {
        made.push(resource.to_string());
        made.len()
    };
    let each = |_: &Point<'_>, resource: &usize| {
        assert_eq!(*resource, points / 20 + 1);
        points += 1;
    };
    read(&both.concat(), resource, each).unwrap();
    assert_eq!(
        (&*made, points),
        (&["group_id=a", "group_id=b"].map(str::to_owned)[..], 40)
    );
}

#[test]
fn every_kind_of_metric_has_its_attributes_elsewhere() {
    for (kind, attributes) in [(5, 7), (7, 7), (9, 9), (10, 1), (11, 7)] {
        let of_point = attribute(attributes, "a", &[2 << 3, 1]);
        let point = [fixed64(4, 3), fixed64(5, 1.5f64.to_bits()), of_point].concat();
        let metric = [bytes(1, b"m"), bytes(kind, &bytes(1, &point))].concat();
        let (_, lines) = lines(&metrics(&[], &metric)).unwrap();
        let reading = match kind {
            5 | 7 => format!("{:?}", Reading::Real(f64::from_bits(3))),
            _ => "Several { count: 3, sum: 1.5 }".to_owned(),
        };
        assert_eq!(lines, [format!("m  {reading} at 0 of a=true by ")]);
    }
}

#[test]
fn what_is_not_known_is_passed_over() {
    let unknown = [bytes(15, b"x"), fixed64(14, 1), vec![13 << 3, 1]].concat();
    let value = bytes(5, b"no list, and nobody looks");
    let point = [attribute(7, "list", &value), unknown.clone()].concat();
    let metric = [unknown.clone(), bytes(5, &bytes(1, &point))].concat();
    let all = [unknown, metrics(&[], &metric)].concat();
    let (_, lines) = lines(&all).unwrap();
    assert_eq!(lines, ["  Nothing at 0 of list=? by "]);
    assert_eq!(read(&[], |_| (), |_, ()| ()), Ok(Counts::default()));
}

#[test]
fn what_is_no_metrics_is_an_error_wherever_it_stands() {
    let name = |bytes_of_name: &[u8]| metrics(&[], &bytes(1, bytes_of_name));
    assert_eq!(lines(&name(&[0xff])).unwrap_err(), Malformed::NotUtf8);
    let cut = [0x0a, 5, 1];
    let of_point = bytes(5, &bytes(1, &cut));
    for damaged in [
        cut.to_vec(),
        bytes(1, &cut),
        metrics(&cut, &[]),
        metrics(&bytes(1, &cut), &[]),
        metrics(&[], &cut),
        metrics(&[], &of_point),
        metrics(&[], &bytes(5, &bytes(1, &bytes(7, &cut)))),
    ] {
        assert_eq!(lines(&damaged).unwrap_err(), Malformed::Truncated);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_metrics_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(lines(&bytes));
    }

    /// Field by field of the right form, so that it goes deep.
    #[test]
    fn any_fields_are_metrics_or_an_error(
        fields in proptest::collection::vec((1u8..13, 0u8..6, any::<u64>(), 0usize..12), 0..12),
    ) {
        let mut message = Vec::new();
        for (number, form, bits, length) in fields {
            message = match form {
                0 => [message, vec![number << 3, bits as u8 & 0x7f]].concat(),
                1 => [message, fixed64(number, bits)].concat(),
                2 => bytes(number, &bits.to_le_bytes()[..length.min(8)]),
                _ if message.len() < 0x80 => bytes(number, &message),
                _ => message,
            };
        }
        let twice = [lines(&message), lines(&message)];
        prop_assert_eq!(&twice[0], &twice[1]);
        if let [Ok((counts, lines)), _] = twice {
            prop_assert_eq!(counts.points, lines.len());
        }
    }
}
